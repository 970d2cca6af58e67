import type { ExtensionConfig, ExtensionDiscoveryConfig } from "../contracts/config/snapshot.ts";
import type { Dispatcher } from "../contracts/event.ts";
import type { HttpFilterInstances } from "../contracts/http/filter.ts";
import type { ExtensionConfigProvider, ExtensionConfigProviders } from "../contracts/runtime.ts";
import type { Counter, StatsScope } from "../contracts/stats.ts";
import type { ExtensionConfigUpdate } from "../snapshot/update.ts";
import { Generation } from "./filter-generation.ts";
import type { StagedUpdate } from "./worker-runtime.ts";

/** Generations of one filter that may be alive; of one more, the oldest's streams are reset. */
const generationsMax = 8;

/** Builds the filters of a configuration: finds the factory and calls it. */
export type CreateInstances = (
  config: ExtensionConfig,
  filterName: string,
  statPrefix: string,
) => HttpFilterInstances | Promise<HttpFilterInstances>;

interface Environment {
  readonly dispatcher: Dispatcher;
  readonly stats: StatsScope;
  readonly create: CreateInstances;
}

/**
 * The HTTP filters of one worker that come by discovery. A new version is built by `stage` for every chain that has
 * the filter, and takes over in all of them by `commit`.
 */
export class ExtensionConfigs implements ExtensionConfigProviders {
  readonly #environment: Environment;
  readonly #places = new Map<string, Place[]>();
  readonly #committed = new Map<string, ExtensionConfigUpdate>();
  /** What the update being staged brings. */
  #arriving: ReadonlyMap<string, ExtensionConfigUpdate> = new Map();

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  async get(
    discovery: ExtensionDiscoveryConfig,
    filterName: string,
    statPrefix: string,
  ): Promise<ExtensionConfigProvider> {
    const place = new Place(this.#environment, discovery, filterName, statPrefix);
    const update = this.#arriving.get(discovery.key) ?? this.#committed.get(discovery.key);
    place.use(await place.build(update));
    const places = this.#places.get(discovery.key);
    if (places === undefined) this.#places.set(discovery.key, [place]);
    else places.push(place);
    return place;
  }

  /** Builds the next generation wherever a filter changes. Listeners are built after it, and before `commit`. */
  async stage(updates: readonly ExtensionConfigUpdate[]): Promise<StagedUpdate> {
    const built: { place: Place; generation: Generation | undefined }[] = [];
    try {
      for (const update of updates) {
        for (const place of this.#places.get(update.key) ?? []) {
          built.push({ place, generation: await place.build(update) });
        }
      }
    } catch (error) {
      for (const { generation } of built) generation?.discard();
      throw error;
    }
    this.#arriving = new Map(updates.map((update) => [update.key, update]));
    return {
      commit: () => {
        for (const { place, generation } of built) place.use(generation);
        for (const update of updates) this.#committed.set(update.key, update);
        this.#arriving = new Map();
      },
      abort: () => {
        for (const { generation } of built) generation?.discard();
        this.#arriving = new Map();
      },
    };
  }
}

/** One filter in one chain. */
class Place implements ExtensionConfigProvider {
  readonly #environment: Environment;
  readonly #discovery: ExtensionDiscoveryConfig;
  readonly #filterName: string;
  readonly #statPrefix: string;
  readonly #resets: Counter;
  #current: Generation | undefined = undefined;
  /** Superseded generations that still have streams, oldest first. */
  #retired: Generation[] = [];

  constructor(
    environment: Environment,
    discovery: ExtensionDiscoveryConfig,
    filterName: string,
    statPrefix: string,
  ) {
    this.#environment = environment;
    this.#discovery = discovery;
    this.#filterName = filterName;
    this.#statPrefix = statPrefix;
    const scope = `extension_config_discovery.${discovery.category}.${filterName}`;
    this.#resets = environment.stats.counter(`${scope}.generation_streams_reset`);
  }

  current(): Generation | undefined {
    return this.#current;
  }

  /** The generation of `update`; of the default when it has none; undefined when there is no default either. */
  async build(update: ExtensionConfigUpdate | undefined): Promise<Generation | undefined> {
    const config = update?.extension ?? this.#discovery.defaultConfig;
    if (config === undefined) return undefined;
    const { create } = this.#environment;
    const instances = await create(config, this.#filterName, this.#statPrefix);
    return new Generation(update?.version ?? "", instances);
  }

  use(generation: Generation | undefined): void {
    const previous = this.#current;
    this.#current = generation;
    if (previous === undefined) return;
    this.#retired.push(previous);
    previous.retire(this.#environment.dispatcher, () => {
      this.#retired = this.#retired.filter((retired) => retired !== previous);
    });
    // The current one counts, too.
    while (this.#retired.length >= generationsMax)
      this.#resets.add(this.#retired[0]!.resetStreams());
  }
}
