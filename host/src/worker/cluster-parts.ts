import type { ClusterConfig } from "../contracts/config/snapshot.ts";
import type { ExtensionRegistry } from "../contracts/extension.ts";
import type { WorkerContext } from "../contracts/runtime.ts";
import type { ClusterParts } from "../upstream/cluster.ts";
import { createClusterTransports } from "../upstream/cluster-transports.ts";
import { createClusterFilters } from "./cluster-filters.ts";

/** Builds what clusters need beside their configuration, by name. Rejects, and leaves nothing behind, when it cannot. */
export async function createClusterParts(
  clusters: readonly ClusterConfig[],
  context: WorkerContext,
  registry: ExtensionRegistry,
): Promise<Map<string, ClusterParts>> {
  const parts = new Map<string, ClusterParts>();
  const filters = await createClusterFilters(clusters, context);
  for (const [name, httpFilters] of filters) parts.set(name, { httpFilters });
  try {
    for (const cluster of clusters) {
      const transports = await createClusterTransports(cluster, context, registry);
      if (transports === undefined) continue;
      parts.set(cluster.name, { httpFilters: filters.get(cluster.name), transports });
    }
  } catch (error) {
    dropClusterParts(parts);
    throw error;
  }
  return parts;
}

/** They will not be used. */
export function dropClusterParts(parts: ReadonlyMap<string, ClusterParts>): void {
  for (const { httpFilters, transports } of parts.values()) {
    httpFilters?.retire?.();
    transports?.dispose();
  }
}
