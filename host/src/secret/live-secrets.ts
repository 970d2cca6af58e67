import type {
  FollowedMaterial,
  MaterialSlots,
  MaterialUser,
  SecretProviders,
  SecretUpdate,
} from "../contracts/secret.ts";
import { materialOf, type Materials } from "./material.ts";

/** An update that was built everywhere. Exactly one of the two is called. */
export interface StagedSecrets {
  commit(): void;
  abort(): void;
}

/**
 * The secrets of one thread, and who uses them. A new version is built by `stage` for every user, and takes over in
 * all of them by `commit`.
 */
export class LiveSecrets implements SecretProviders {
  readonly showsStats: boolean;
  #materials: Materials = new Map();
  /** With the update that is being staged. */
  #arriving: Materials | undefined;
  readonly #followers = new Set<Follower<unknown>>();

  constructor(showsStats: boolean) {
    this.showsStats = showsStats;
  }

  /** What has arrived, by key. */
  get materials(): Materials {
    return this.#materials;
  }

  follow<Contexts>(slots: MaterialSlots, user: MaterialUser<Contexts>): FollowedMaterial<Contexts> {
    const materials = this.#arriving ?? this.#materials;
    const follower = new Follower(slots, user, () => this.#followers.delete(follower));
    follower.begin(materials);
    this.#followers.add(follower);
    return follower;
  }

  /** Throws what a user says of its new material. Who begins to follow before `commit` has the new material, too. */
  stage(updates: readonly SecretUpdate[]): StagedSecrets {
    const materials = new Map(this.#materials);
    for (const { key, material } of updates) materials.set(key, material);
    const built: { follower: Follower<unknown>; contexts: unknown }[] = [];
    for (const follower of this.#followers) {
      if (!updates.some(({ key }) => follower.keys.has(key))) continue;
      built.push({ follower, contexts: follower.build(materials) });
    }
    this.#arriving = materials;
    return {
      commit: () => {
        this.#materials = materials;
        this.#arriving = undefined;
        for (const { follower, contexts } of built) follower.use(contexts);
      },
      abort: () => {
        this.#arriving = undefined;
      },
    };
  }
}

class Follower<Contexts> implements FollowedMaterial<Contexts> {
  current: Contexts | undefined = undefined;
  arrivedSecrets = 0;
  readonly keys: ReadonlySet<string>;
  readonly close: () => void;
  readonly #slots: MaterialSlots;
  readonly #user: MaterialUser<Contexts>;

  constructor(slots: MaterialSlots, user: MaterialUser<Contexts>, close: () => void) {
    const { certificates, validation, ticketKeys } = slots;
    const all = [...certificates, validation, ticketKeys];
    this.keys = new Set(all.flatMap((slot) => (slot?.kind === "secret" ? [slot.key] : [])));
    this.close = close;
    this.#slots = slots;
    this.#user = user;
  }

  begin(materials: Materials): void {
    this.current = this.build(materials);
    for (const key of this.keys) if (materials.has(key)) this.arrivedSecrets += 1;
  }

  /** Undefined when a secret is missing. */
  build(materials: Materials): Contexts | undefined {
    const material = materialOf(this.#slots, materials);
    return material && this.#user.build(material);
  }

  use(contexts: Contexts | undefined): void {
    this.current = contexts;
    this.#user.onUpdated?.(contexts);
  }
}
