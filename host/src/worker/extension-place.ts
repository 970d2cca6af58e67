import type {
  DiscoveryCategory,
  ExtensionConfig,
  ExtensionDiscoveryConfig,
} from "../contracts/config/snapshot.ts";
import type { Dispatcher } from "../contracts/event.ts";
import type { ExtensionConfigProvider, ExtensionInstances } from "../contracts/runtime.ts";
import type { Counter, StatsScope } from "../contracts/stats.ts";
import type { ExtensionConfigUpdate } from "../snapshot/update.ts";
import { Generation, generationDrainTimeoutMs } from "./extension-generation.ts";

/** Generations of one place that may be alive; of one more, the oldest's users are reset. */
const generationsMax = 8;

export interface PlaceEnvironment {
  readonly dispatcher: Dispatcher;
  /** The root of all stats. */
  readonly stats: StatsScope;
}

/** What is in a place. */
export interface PlaceOptions<Instances> {
  readonly discovery: ExtensionDiscoveryConfig;
  /** Of the extension. */
  readonly name: string;
  readonly create: (config: ExtensionConfig) => Instances | Promise<Instances>;
  readonly onClosed: () => void;
}

/** One place of a discovered extension on one worker: a filter in a chain, an access logger. */
export class ExtensionPlace<
  Instances extends ExtensionInstances,
> implements ExtensionConfigProvider<Instances> {
  readonly #environment: PlaceEnvironment;
  readonly #options: PlaceOptions<Instances>;
  readonly #resets: Counter;
  #current: Generation<Instances> | undefined = undefined;
  /** Superseded generations that still have users, oldest first. */
  #retired: Generation<Instances>[] = [];

  constructor(environment: PlaceEnvironment, options: PlaceOptions<Instances>) {
    const { discovery, name } = options;
    this.#environment = environment;
    this.#options = options;
    const scope = `extension_config_discovery.${discovery.category}.${name}`;
    this.#resets = environment.stats.counter(`${scope}.generation_streams_reset`);
  }

  current(): Generation<Instances> | undefined {
    return this.#current;
  }

  /**
   * Builds the generation of `update`; of the default when it has none. Gives what puts it in force, or drops it.
   */
  async stage(update: ExtensionConfigUpdate | undefined): Promise<StagedGeneration> {
    const generation = await this.#build(update);
    return {
      commit: () => this.#use(generation),
      abort: () => generation?.discard(),
    };
  }

  close(): void {
    this.#use(undefined);
    this.#options.onClosed();
  }

  /** Undefined: there is no default either. */
  async #build(
    update: ExtensionConfigUpdate | undefined,
  ): Promise<Generation<Instances> | undefined> {
    const { discovery, create } = this.#options;
    const config = update?.extension ?? discovery.defaultConfig;
    if (config === undefined) return undefined;
    return new Generation(update?.version ?? "", await create(config));
  }

  #use(generation: Generation<Instances> | undefined): void {
    const previous = this.#current;
    this.#current = generation;
    if (previous === undefined) return;
    this.#retired.push(previous);
    previous.retire({
      dispatcher: this.#environment.dispatcher,
      drainTimeoutMs: drainTimeoutOf(this.#options.discovery.category),
      onDisposed: () => {
        this.#retired = this.#retired.filter((retired) => retired !== previous);
      },
    });
    // The current one counts, too.
    while (this.#retired.length >= generationsMax) {
      this.#resets.add(this.#retired[0]!.resetUsers());
    }
  }
}

/** What was built and is not in force. Exactly one of the two is called. */
export interface StagedGeneration {
  commit(): void;
  abort(): void;
}

/** Connections keep their filters for as long as they live, as in Envoy. */
function drainTimeoutOf(category: DiscoveryCategory): number {
  return category === "network_filter" ? 0 : generationDrainTimeoutMs;
}
