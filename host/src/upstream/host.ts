import { addressText } from "../common/address.ts";
import { sanitizeStatName } from "../common/stat-name.ts";
import type { Address } from "../contracts/address.ts";
import type { ClusterConfig, HostConfig } from "../contracts/config/snapshot.ts";
import type { StatsScope } from "../contracts/stats.ts";
import type { HostDescription, HostStats } from "../contracts/upstream/host.ts";

/** The names of a host's stats in `/clusters`, in its order. */
export const hostStatNames = [
  "cx_active",
  "cx_connect_fail",
  "cx_total",
  "rq_active",
  "rq_error",
  "rq_pending_active",
  "rq_success",
  "rq_timeout",
  "rq_total",
] as const;

/** The hidden stats scope of one host, for workers to write and for `/clusters` to read. */
export function hostStatPrefix(cluster: ClusterConfig, index: number): string {
  const host = cluster.hosts[index]!;
  const text = addressText(host.address).replaceAll(".", "_");
  // Two hosts may have one address; they are told apart by how many of it come before.
  let same = 0;
  for (let i = 0; i < index; i += 1) {
    if (addressText(cluster.hosts[i]!.address) === addressText(host.address)) same += 1;
  }
  const suffix = same === 0 ? "" : `#${same}`;
  return sanitizeStatName(`cluster.${cluster.observabilityName}.host.${text}${suffix}`);
}

function createHostStats(scope: StatsScope): HostStats {
  return {
    cxActive: scope.hiddenGauge("cx_active"),
    cxConnectFail: scope.hiddenCounter("cx_connect_fail"),
    cxTotal: scope.hiddenCounter("cx_total"),
    rqActive: scope.hiddenGauge("rq_active"),
    rqError: scope.hiddenCounter("rq_error"),
    rqPendingActive: scope.hiddenGauge("rq_pending_active"),
    rqSuccess: scope.hiddenCounter("rq_success"),
    rqTimeout: scope.hiddenCounter("rq_timeout"),
    rqTotal: scope.hiddenCounter("rq_total"),
  };
}

/** One endpoint on one worker. Weight and health follow the configuration; everything else makes a new host. */
export class HostImpl implements HostDescription {
  readonly address: Address;
  readonly addressText: string;
  readonly hostname: string;
  readonly clusterName: string;
  readonly locality: HostConfig["locality"];
  readonly metadata: HostConfig["metadata"];
  readonly canary: boolean;
  readonly transportSocketMatch: number | undefined;
  readonly stats: HostStats;
  weight: number;
  healthFlags: number;

  constructor(root: StatsScope, cluster: ClusterConfig, index: number) {
    const config = cluster.hosts[index]!;
    this.address = config.address;
    this.addressText = addressText(config.address);
    this.hostname = config.hostname;
    this.clusterName = cluster.name;
    this.locality = config.locality;
    this.metadata = config.metadata;
    this.transportSocketMatch = config.transportSocketMatch;
    this.canary = config.metadata["envoy.lb"]?.["canary"] === true;
    this.stats = createHostStats(root.scope(hostStatPrefix(cluster, index)));
    this.weight = config.weight;
    this.healthFlags = config.healthFlags;
  }
}
