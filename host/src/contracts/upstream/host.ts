import type { Address } from "../address.ts";
import type { Counter, Gauge } from "../stats.ts";
import type { JsonValue } from "../stream-info.ts";

/** Bits of `HostDescription.healthFlags`, in the order in which `/clusters` prints them. */
export const HealthFlag = {
  FailedActiveHc: 1 << 0,
  FailedOutlierCheck: 1 << 1,
  FailedEdsHealth: 1 << 2,
  DegradedActiveHc: 1 << 3,
  DegradedEdsHealth: 1 << 4,
  PendingDynamicRemoval: 1 << 5,
  PendingActiveHc: 1 << 6,
  ExcludedViaImmediateHcFail: 1 << 7,
  ActiveHcTimeout: 1 << 8,
  EdsStatusDraining: 1 << 9,
} as const;

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
  readonly locality: { readonly region: string; readonly zone: string; readonly subZone: string };
  readonly metadata: { readonly [namespace: string]: { readonly [key: string]: JsonValue } };
  /** `canary: true` in the metadata of `envoy.lb`. */
  readonly canary: boolean;
  readonly stats: HostStats;
  /** The latest health state: bits of `HealthFlag`; 0 = healthy. */
  readonly healthFlags: number;
}
