import type { HttpFilterConfig } from "../../contracts/config/snapshot.ts";
import type { WorkerContext } from "../../contracts/runtime.ts";
import {
  type ChainEnd,
  disposeEntries,
  FilterChain,
  type FilterChainEntry,
} from "./filter-chain.ts";

/** What building a chain takes of a worker. */
export type FilterChainContext = Pick<WorkerContext, "createHttpFilter" | "extensionConfigs">;

/** Builds the filters of a chain on a worker. Rejects, and leaves nothing behind, when one cannot be built. */
export async function createFilterChain(
  filters: readonly HttpFilterConfig[],
  statPrefix: string,
  context: FilterChainContext,
  end: ChainEnd = "terminal",
): Promise<FilterChain> {
  const entries: FilterChainEntry[] = [];
  try {
    for (const filter of filters) entries.push(await createEntry(filter, statPrefix, context));
  } catch (error) {
    disposeEntries(entries);
    throw error;
  }
  return new FilterChain(entries, end);
}

/** As `createFilterChain`, for filters of upstream requests; undefined when there are none. */
export async function createUpstreamFilterChain(
  filters: readonly HttpFilterConfig[],
  statPrefix: string,
  context: FilterChainContext,
): Promise<FilterChain | undefined> {
  if (filters.length === 0) return undefined;
  return createFilterChain(filters, statPrefix, context, "open");
}

async function createEntry(
  filter: HttpFilterConfig,
  statPrefix: string,
  context: FilterChainContext,
): Promise<FilterChainEntry> {
  const { name, disabled, extension, discovery } = filter;
  if (discovery !== undefined) {
    const provider = await context.extensionConfigs.get(discovery, name, (config) =>
      context.createHttpFilter(config, name, statPrefix),
    );
    return { name, disabled, instances: undefined, provider };
  }
  const instances = await context.createHttpFilter(extension!, name, statPrefix);
  return { name, disabled, instances, provider: undefined };
}
