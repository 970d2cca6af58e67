import type { AccessLog } from "../contracts/access-log.ts";
import type {
  DiscoveredExtension,
  ExtensionConfig,
  FilterChainConfig,
  ListenerConfig,
  ListenerFilterConfig,
} from "../contracts/config/snapshot.ts";
import type { ExtensionRegistry } from "../contracts/extension.ts";
import type { NetworkFilterFactoryCb } from "../contracts/network/filter.ts";
import type {
  ConnectionSocket,
  ListenerFilterFactoryCb,
} from "../contracts/network/listener-filter.ts";
import type { DownstreamTransportSockets } from "../contracts/network/transport-socket.ts";
import type { ListenerContext, WorkerContext } from "../contracts/runtime.ts";
import { FilterChainMatcher } from "./filter-chain-match.ts";
import { type ChainFilter, FilterChainRuntime } from "./filter-chain-runtime.ts";
import { listenerContext } from "./listener-context.ts";
import { ListenerFilters, type ListenerFilterRuntime } from "./listener-filters.ts";
import { listenerStats, type ListenerStats } from "./listener-stats.ts";
import { plainEqual } from "./plain-equal.ts";
import { messageNameOf } from "./type-url.ts";

/** Everything that one version of a listener needs on one worker. */
export interface ListenerRuntime {
  readonly config: ListenerConfig;
  readonly stats: ListenerStats;
  readonly listenerFilters: ListenerFilters;
  readonly filterChains: readonly FilterChainRuntime[];
  readonly defaultFilterChain: FilterChainRuntime | undefined;
  readonly matcher: FilterChainMatcher;
  readonly accessLogs: readonly AccessLog[];
}

/** A listener that was built and not yet put into service. */
export interface StagedListener {
  readonly runtime: ListenerRuntime;
  /** It is not wanted any more: lets go what it does not share with its predecessor. */
  abandon(): void;
}

/**
 * Builds a listener. Chains that are the same as in `previous` are taken over as they are, with their filters'
 * shared state and their connections. Rejects with a text for the operator.
 */
export async function buildListener(
  config: ListenerConfig,
  worker: WorkerContext,
  registry: ExtensionRegistry,
  previous: ListenerRuntime | undefined,
): Promise<StagedListener> {
  const stats = listenerStats(worker.stats, config.statPrefix, worker.dispatcher.name);
  const context = listenerContext(worker, config.name, stats.scope);
  const builder = new ListenerBuilder(config, context, registry, reusableChains(config, previous));
  try {
    const runtime = { stats, ...(await builder.listener()) };
    return { runtime, abandon: () => builder.abandon() };
  } catch (error) {
    builder.abandon();
    throw error;
  }
}

/** All chains, the default one included. */
export function allChains(runtime: ListenerRuntime): readonly FilterChainRuntime[] {
  return runtime.defaultFilterChain === undefined
    ? runtime.filterChains
    : [...runtime.filterChains, runtime.defaultFilterChain];
}

/** The chain for a socket whose listener filters are done. */
export function findFilterChain(
  runtime: ListenerRuntime,
  socket: ConnectionSocket,
): FilterChainRuntime | undefined {
  const index = runtime.matcher.find(socket);
  return index < 0 ? runtime.defaultFilterChain : runtime.filterChains[index];
}

// Filters hold their listener's scope: with another stat prefix nothing can be taken over.
function reusableChains(
  config: ListenerConfig,
  previous: ListenerRuntime | undefined,
): FilterChainRuntime[] {
  return previous?.config.statPrefix === config.statPrefix ? [...allChains(previous)] : [];
}

class ListenerBuilder {
  readonly #config: ListenerConfig;
  readonly #context: ListenerContext;
  readonly #registry: ExtensionRegistry;
  readonly #reusable: FilterChainRuntime[];
  readonly #made: (FilterChainRuntime | ListenerFilters)[] = [];
  readonly #logs: AccessLog[] = [];

  constructor(
    config: ListenerConfig,
    context: ListenerContext,
    registry: ExtensionRegistry,
    reusable: FilterChainRuntime[],
  ) {
    this.#config = config;
    this.#context = context;
    this.#registry = registry;
    this.#reusable = reusable;
  }

  async listener(): Promise<Omit<ListenerRuntime, "stats">> {
    const config = this.#config;
    const filterChains: FilterChainRuntime[] = [];
    const matcher = new FilterChainMatcher();
    for (const chain of config.filterChains) {
      if (!matcher.add(chain.match)) {
        throw new Error(`listener '${config.name}': filter chain '${chain.name}' overlaps another`);
      }
      filterChains.push(await this.#filterChain(chain));
    }
    return {
      config,
      listenerFilters: await this.#listenerFilters(),
      filterChains,
      defaultFilterChain:
        config.defaultFilterChain && (await this.#filterChain(config.defaultFilterChain)),
      matcher,
      accessLogs: await this.#accessLogs(),
    };
  }

  /** Lets go what was made and not taken over. */
  abandon(): void {
    for (const made of this.#made) made.retire();
    for (const log of this.#logs) log.dispose?.();
  }

  async #accessLogs(): Promise<AccessLog[]> {
    for (const log of this.#config.accessLogs) {
      this.#logs.push(await this.#context.createAccessLog(log));
    }
    return this.#logs;
  }

  async #filterChain(config: FilterChainConfig): Promise<FilterChainRuntime> {
    const index = this.#reusable.findIndex((chain) => plainEqual(chain.config, config));
    if (index >= 0) return this.#reusable.splice(index, 1)[0]!;
    const filters: ChainFilter[] = [];
    const chain = new FilterChainRuntime(config, filters, await this.#transportSockets(config));
    this.#made.push(chain);
    for (const filter of config.filters) filters.push(await this.#networkFilter(filter));
    return chain;
  }

  async #listenerFilters(): Promise<ListenerFilters> {
    const filters: ListenerFilterRuntime[] = [];
    const all = new ListenerFilters(filters);
    this.#made.push(all);
    for (const filter of this.#config.listenerFilters) {
      filters.push(await this.#listenerFilter(filter));
    }
    return all;
  }

  async #listenerFilter(filter: ListenerFilterConfig): Promise<ListenerFilterRuntime> {
    const { extension, disabled } = filter;
    if ("discovery" in extension) {
      const { discovery, name } = extension;
      const { extensionConfigs } = this.#context;
      const create = (config: ExtensionConfig) => this.#createListenerFilter(config);
      const provider = await extensionConfigs.get(discovery, name, create);
      return { createFilter: undefined, provider, disabled };
    }
    const createFilter = await this.#createListenerFilter(extension);
    return { createFilter, provider: undefined, disabled };
  }

  async #createListenerFilter(extension: ExtensionConfig): Promise<ListenerFilterFactoryCb> {
    const factory = this.#registry.listenerFilter(messageNameOf(extension.typeUrl));
    if (factory === undefined) throw this.#unknown("listener filter", extension);
    return factory.createFilterFactory(extension.config, this.#context);
  }

  async #transportSockets(
    chain: FilterChainConfig,
  ): Promise<DownstreamTransportSockets | undefined> {
    const extension = chain.transportSocket;
    if (extension === undefined) return undefined;
    const factory = this.#registry.downstreamTransportSocket(messageNameOf(extension.typeUrl));
    if (factory === undefined) throw this.#unknown("transport socket", extension);
    return factory.createTransportSockets(extension.config, this.#context);
  }

  async #networkFilter(filter: ExtensionConfig | DiscoveredExtension): Promise<ChainFilter> {
    if (!("discovery" in filter)) {
      return { addFilters: await this.#createNetworkFilter(filter), provider: undefined };
    }
    const { discovery, name } = filter;
    const { extensionConfigs } = this.#context;
    const create = (config: ExtensionConfig) => this.#createNetworkFilter(config);
    const provider = await extensionConfigs.get(discovery, name, create);
    return { addFilters: undefined, provider };
  }

  async #createNetworkFilter(extension: ExtensionConfig): Promise<NetworkFilterFactoryCb> {
    const factory = this.#registry.networkFilter(messageNameOf(extension.typeUrl));
    if (factory === undefined) throw this.#unknown("network filter", extension);
    try {
      return await factory.createFilterFactory(extension.config, this.#context);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const where = `listener '${this.#config.name}': network filter '${extension.name}'`;
      throw new Error(`${where}: ${reason}`, { cause: error });
    }
  }

  #unknown(kind: string, extension: ExtensionConfig): Error {
    return new Error(
      `listener '${this.#config.name}': no ${kind} for '${extension.name}' (${extension.typeUrl})`,
    );
  }
}
