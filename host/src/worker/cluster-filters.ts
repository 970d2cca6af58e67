import type { ClusterConfig } from "../contracts/config/snapshot.ts";
import type { Dispatcher } from "../contracts/event.ts";
import type { FilteredStream, HttpFilterChain } from "../contracts/http/filter-chain.ts";
import type { HttpFilterInstances } from "../contracts/http/filter.ts";
import type { Route } from "../contracts/router/route.ts";
import type { WorkerContext } from "../contracts/runtime.ts";
import { createUpstreamFilterChain } from "../http/filter-manager/create-filter-chain.ts";
import type { FilterChain } from "../http/filter-manager/filter-chain.ts";
import { Generation, generationDrainTimeoutMs } from "./extension-generation.ts";

/** The filters of one configuration of a cluster: they live until their last stream has ended. */
export class ClusterFilterChain implements HttpFilterChain {
  readonly #chain: FilterChain;
  readonly #dispatcher: Dispatcher;
  readonly #generation: Generation<HttpFilterInstances>;

  constructor(chain: FilterChain, dispatcher: Dispatcher) {
    this.#chain = chain;
    this.#dispatcher = dispatcher;
    const instances = { createFilters: () => {}, dispose: () => chain.dispose() };
    this.#generation = new Generation("", instances);
  }

  createFilters(stream: FilteredStream, route: Route | undefined): void {
    stream.holdGeneration(this.#generation);
    this.#chain.createFilters(stream, route);
  }

  retire(): void {
    this.#generation.retire({
      dispatcher: this.#dispatcher,
      drainTimeoutMs: generationDrainTimeoutMs,
      onDisposed: () => {},
    });
  }
}

/** Builds the filters of the clusters that have some, by name. Rejects, and leaves nothing behind, when it cannot. */
export async function createClusterFilters(
  clusters: readonly ClusterConfig[],
  context: WorkerContext,
): Promise<Map<string, HttpFilterChain>> {
  const chains = new Map<string, HttpFilterChain>();
  try {
    for (const { name, observabilityName, httpFilters } of clusters) {
      const prefix = `cluster.${observabilityName}.`;
      const chain = await createUpstreamFilterChain(httpFilters, prefix, context);
      if (chain !== undefined) chains.set(name, new ClusterFilterChain(chain, context.dispatcher));
    }
  } catch (error) {
    for (const chain of chains.values()) chain.retire?.();
    throw error;
  }
  return chains;
}
