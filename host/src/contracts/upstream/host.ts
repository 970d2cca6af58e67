import type { Address } from "../address.ts";
import type { Counter, Gauge } from "../stats.ts";
import type { JsonValue } from "../stream-info.ts";

/** The counters behind a host's lines in `/clusters`. */
export interface HostStats {
  readonly cxActive: Gauge;
  readonly cxConnectFail: Counter;
  readonly cxTotal: Counter;
  readonly rqActive: Gauge;
  readonly rqError: Counter;
  /** Requests that wait for a connection to this host. */
  readonly rqPendingActive: Gauge;
  readonly rqSuccess: Counter;
  readonly rqTimeout: Counter;
  readonly rqTotal: Counter;
}

/** One endpoint of a cluster, as logs and filters see it. */
export interface HostDescription {
  readonly address: Address;
  /** `ip:port` or the pipe's path: `%UPSTREAM_HOST%`. */
  readonly addressText: string;
  /** `Endpoint.hostname`; empty when none. */
  readonly hostname: string;
  readonly clusterName: string;
  /** 1 upwards. */
  readonly weight: number;
  readonly metadata: { readonly [namespace: string]: { readonly [key: string]: JsonValue } };
  readonly stats: HostStats;
  /** The latest health state, as a flags word; 0 = healthy. */
  readonly healthFlags: number;
}
