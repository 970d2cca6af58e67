import type { MessagePort } from "node:worker_threads";
import type { GuestWatchSettings } from "../../contracts/config/guests.ts";
import type { WorkerContext } from "../../contracts/runtime.ts";
import type { StatsScope } from "../../contracts/stats.ts";
import { GuestTrace, type TraceRequest } from "./guest-trace.ts";
import { TracePort } from "./trace-port.ts";
import { type GuestKind, WatchedGuest } from "./watched-guest.ts";

/** One of so many streams is measured, unless something else is configured. */
const sampleOneInDefault = 128;

/** Whether a trace has begun on this thread. */
export interface TraceStart {
  readonly attached: boolean;
  /** Somebody else follows the guest already. */
  readonly taken: boolean;
  /** The names of all guests. */
  readonly known: readonly string[];
  /** It is to be recorded, and is a script: what scripts do is not made of calls with values. */
  readonly isScript?: boolean;
}

/** The guests of one thread by name, and how many of their streams are measured. */
export class GuestWatches {
  readonly #stats: StatsScope;
  readonly #guests = new Map<string, WatchedGuest>();
  #sampleOneIn: number;

  constructor(stats: StatsScope, settings: GuestWatchSettings = {}) {
    this.#stats = stats;
    this.#sampleOneIn = settings.sampleOneIn ?? sampleOneInDefault;
  }

  /** The guest of this name (`unnamed` for none); made when it is asked for first. */
  guest(kind: GuestKind, name: string): WatchedGuest {
    const key = `${kind} ${name}`;
    let guest = this.#guests.get(key);
    if (guest === undefined) {
      const shown = name === "" ? "unnamed" : name;
      const scope = this.#stats.scope(`sluice.${kind}.${shown}`);
      guest = new WatchedGuest(kind, shown, scope, this.#sampleOneIn);
      this.#guests.set(key, guest);
    }
    return guest;
  }

  /** Measures every stream from now on: somebody writes down what each of them took. */
  measureEveryStream(): void {
    this.#sampleOneIn = 1;
    for (const guest of this.#guests.values()) guest.sample(1);
  }

  /** Follows the calls of the guests of this name until the reader at the other end of `port` is gone. */
  trace(request: TraceRequest, port: MessagePort): TraceStart {
    const all = [...this.#guests.values()];
    const guests = request.recording === undefined ? all : all.filter(isModule);
    const wanted = guests.filter(({ name }) => name === request.guest);
    const known = [...new Set(guests.map(({ name }) => name))];
    const taken = wanted.some(({ trace }) => trace !== undefined);
    if (wanted.length === 0 || taken) {
      port.close();
      const isScript = wanted.length === 0 && all.some(({ name }) => name === request.guest);
      return { attached: false, taken, known, ...(isScript && { isScript }) };
    }
    const sink = new TracePort(port, () => {
      for (const guest of wanted) guest.detach(trace);
    });
    const trace = new GuestTrace(request, sink);
    for (const guest of wanted) guest.attach(trace);
    return { attached: true, taken, known };
  }
}

function isModule({ kind }: WatchedGuest): boolean {
  return kind === "wasm";
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
