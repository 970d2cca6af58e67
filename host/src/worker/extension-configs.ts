import type { ExtensionConfig, ExtensionDiscoveryConfig } from "../contracts/config/snapshot.ts";
import type {
  ExtensionConfigProvider,
  ExtensionConfigProviders,
  ExtensionInstances,
} from "../contracts/runtime.ts";
import type { ExtensionConfigUpdate } from "../snapshot/update.ts";
import { ExtensionPlace, type PlaceEnvironment, type StagedGeneration } from "./extension-place.ts";
import type { StagedUpdate } from "./worker-runtime.ts";

/** What a place is to whoever brings new versions, whatever it holds. */
interface Stageable {
  stage(update: ExtensionConfigUpdate | undefined): Promise<StagedGeneration>;
}

/**
 * The extensions of one worker that come by discovery. A new version is built by `stage` for every place that has the
 * extension, and takes over in all of them by `commit`.
 */
export class ExtensionConfigs implements ExtensionConfigProviders {
  readonly #environment: PlaceEnvironment;
  readonly #places = new Map<string, Set<Stageable>>();
  readonly #committed = new Map<string, ExtensionConfigUpdate>();
  /** What the update being staged brings. */
  #arriving: ReadonlyMap<string, ExtensionConfigUpdate> = new Map();

  constructor(environment: PlaceEnvironment) {
    this.#environment = environment;
  }

  async get<Instances extends ExtensionInstances>(
    discovery: ExtensionDiscoveryConfig,
    name: string,
    create: (config: ExtensionConfig) => Instances | Promise<Instances>,
  ): Promise<ExtensionConfigProvider<Instances>> {
    const { key } = discovery;
    const place: ExtensionPlace<Instances> = new ExtensionPlace(this.#environment, {
      discovery,
      name,
      create,
      onClosed: () => this.#places.get(key)?.delete(place),
    });
    const staged = await place.stage(this.#arriving.get(key) ?? this.#committed.get(key));
    staged.commit();
    const places = this.#places.get(key);
    if (places === undefined) this.#places.set(key, new Set([place]));
    else places.add(place);
    return place;
  }

  /** Builds the next generation wherever an extension changes. Listeners are built after it, and before `commit`. */
  async stage(updates: readonly ExtensionConfigUpdate[]): Promise<StagedUpdate> {
    const built: StagedGeneration[] = [];
    const abort = (): void => {
      for (const generation of built) generation.abort();
      this.#arriving = new Map();
    };
    try {
      for (const update of updates) {
        for (const place of this.#places.get(update.key) ?? []) {
          built.push(await place.stage(update));
        }
      }
    } catch (error) {
      abort();
      throw error;
    }
    this.#arriving = new Map(updates.map((update) => [update.key, update]));
    return {
      commit: () => {
        for (const generation of built) generation.commit();
        for (const update of updates) this.#committed.set(update.key, update);
        this.#arriving = new Map();
      },
      abort,
    };
  }
}
