import type { GuestWatchSettings } from "../../contracts/config/guests.ts";
import type { WorkerContext } from "../../contracts/runtime.ts";
import type { StatsScope } from "../../contracts/stats.ts";
import { type GuestKind, WatchedGuest } from "./watched-guest.ts";

/** One of so many streams is measured, unless something else is configured. */
const sampleOneInDefault = 128;

/** The guests of one thread by name, and how many of their streams are measured. */
export class GuestWatches {
  readonly #stats: StatsScope;
  readonly #guests = new Map<string, WatchedGuest>();
  #sampleOneIn: number;

  constructor(stats: StatsScope, settings: GuestWatchSettings = {}) {
    this.#stats = stats;
    this.#sampleOneIn = settings.sampleOneIn ?? sampleOneInDefault;
  }

  /** The guest of this name; made when it is asked for first. */
  guest(kind: GuestKind, name: string): WatchedGuest {
    const key = `${kind} ${name}`;
    let guest = this.#guests.get(key);
    if (guest === undefined) {
      const scope = this.#stats.scope(`sluice.${kind}.${name === "" ? "unnamed" : name}`);
      guest = new WatchedGuest(kind, name, scope, this.#sampleOneIn);
      this.#guests.set(key, guest);
    }
    return guest;
  }

  /** Measures every stream from now on: somebody writes down what each of them took. */
  measureEveryStream(): void {
    this.#sampleOneIn = 1;
    for (const guest of this.#guests.values()) guest.sample(1);
  }

  /** All that were ever asked for. */
  all(): IterableIterator<WatchedGuest> {
    return this.#guests.values();
  }
}

/** Those of a worker. */
export function guestWatchesOf(
  context: Pick<WorkerContext, "stats" | "singleton"> & {
    readonly guestLimits?: WorkerContext["guestLimits"];
  },
): GuestWatches {
  return context.singleton(
    "sluice.guest_watches",
    () => new GuestWatches(context.stats, context.guestLimits?.watch),
  );
}
