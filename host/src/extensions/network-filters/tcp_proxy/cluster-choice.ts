import type { RandomSource } from "../../../contracts/event.ts";
import type { FilterState } from "../../../contracts/stream-info.ts";
import type { WeightedCluster } from "./config.ts";

/** Filter state that names the cluster of a connection, whatever is configured. */
const clusterKey = "envoy.tcp_proxy.cluster";
/** Filter state with the idle timeout of a connection, in ms. */
const idleTimeoutKey = "envoy.tcp_proxy.per_connection_idle_timeout_ms";

/** The cluster for a connection: what an earlier filter said, else one of the configured ones by weight. */
export function chooseCluster(
  clusters: readonly WeightedCluster[],
  state: FilterState,
  random: RandomSource,
): string {
  const override = state.get(clusterKey);
  if (typeof override === "string") return override;
  if (clusters.length === 1) return clusters[0]!.name;
  let total = 0;
  for (const { weight } of clusters) total += weight;
  let left = random.uint32() % total;
  for (const { name, weight } of clusters) {
    if (left < weight) return name;
    left -= weight;
  }
  return clusters.at(-1)!.name;
}

/** The idle timeout of a connection: what an earlier filter said, else the configured one. */
export function idleTimeoutOf(configuredMs: number, state: FilterState): number {
  const value = state.get(idleTimeoutKey);
  const override = typeof value === "string" ? Number(value) : value;
  return typeof override === "number" && override >= 0 ? override : configuredMs;
}
