import type { RequestHeaderMap } from "../../../contracts/headers.ts";
import type { StreamFilterCallbacks } from "../../../contracts/http/filter.ts";
import type { ClusterInfo, ClusterManager } from "../../../contracts/upstream/cluster.ts";

/** The cluster that the route leads to as it is now; undefined when it leads to none. */
export function routeCluster(
  callbacks: StreamFilterCallbacks,
  headers: RequestHeaderMap,
  clusters: Pick<ClusterManager, "getThreadLocalCluster">,
): ClusterInfo | undefined {
  const name = callbacks.route()?.routeEntry?.clusterName(headers);
  return name === undefined ? undefined : clusters.getThreadLocalCluster(name)?.info;
}
