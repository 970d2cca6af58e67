import type { CallbackCosts, GuestTimes, StreamInfo } from "../../contracts/stream-info.ts";
import type { WatchedGuest } from "./watched-guest.ts";

/** A callback on the stack. */
interface Frame {
  readonly callback: string;
  startMs: number;
  hostCallMs: number;
}

/** Since when a direction of the stream stands still, and which callback stopped it. */
interface Pause {
  readonly callback: string;
  readonly sinceMs: number;
}

/**
 * Follows one stream through a guest: how long its callbacks run, how much of that is spent in host calls, and how
 * long the stream stands still because of them. Times are wall clock.
 */
export class StreamWatch {
  protected readonly guest: WatchedGuest;
  readonly #times: GuestTimes | undefined;
  readonly #frames: Frame[] = [];
  /** By direction: requests, responses. */
  readonly #pauses: (Pause | undefined)[] = [undefined, undefined];

  /** `info`: where the sums are kept for the access log. */
  constructor(guest: WatchedGuest, info: StreamInfo | undefined) {
    this.guest = guest;
    this.#times = info === undefined ? undefined : timesIn(info, guest.name);
  }

  /** The guest is entered. */
  begin(callback: string): void {
    this.#frames.push({ callback, startMs: performance.now(), hostCallMs: 0 });
  }

  /** The guest has been left. Gives the time of the run, and of it that in host calls, in ms. */
  end(): { readonly selfMs: number; readonly hostCallMs: number } {
    const frame = this.#frames.pop()!;
    const { hostCallMs } = frame;
    const selfMs = performance.now() - frame.startMs - hostCallMs;
    if (this.guest.measures) this.guest.times(frame.callback).ran(selfMs, hostCallMs);
    const times = this.#times;
    if (times !== undefined) {
      addRun(times, selfMs, hostCallMs);
      addRun(costsOf(times, frame.callback), selfMs, hostCallMs);
    }
    return { selfMs, hostCallMs };
  }

  /** A host call has taken so long. `watchingMs`: what went into watching it, and counts for nobody. */
  protected inHostCall(ms: number, watchingMs: number): void {
    const frame = this.#frames.at(-1);
    if (frame === undefined) return;
    frame.hostCallMs += ms;
    frame.startMs += watchingMs;
  }

  /** `callback` has stopped a direction of the stream; nothing when it stands still already. */
  protected pause(direction: number, callback: string): void {
    this.#pauses[direction] ??= { callback, sinceMs: performance.now() };
  }

  /** The direction goes on, or is over. */
  resume(direction: number): void {
    const pause = this.#pauses[direction];
    if (pause === undefined) return;
    this.#pauses[direction] = undefined;
    const ms = performance.now() - pause.sinceMs;
    if (this.guest.measures) this.guest.times(pause.callback).paused(ms);
    if (this.#times === undefined) return;
    this.#times.pausedMs += ms;
    costsOf(this.#times, pause.callback).pausedMs += ms;
  }

  /** The stream is answered or over: nothing stands still any more. */
  resumeAll(): void {
    for (let direction = 0; direction < this.#pauses.length; direction += 1) this.resume(direction);
  }
}

const noCosts: CallbackCosts = { selfMs: 0, hostCallMs: 0, pausedMs: 0, callbacks: 0 };

function addRun(costs: CallbackCosts, selfMs: number, hostCallMs: number): void {
  costs.selfMs += selfMs;
  costs.hostCallMs += hostCallMs;
  costs.callbacks += 1;
}

function costsOf({ byCallback }: GuestTimes, callback: string): CallbackCosts {
  let costs = byCallback.get(callback);
  if (costs === undefined) {
    costs = { ...noCosts };
    byCallback.set(callback, costs);
  }
  return costs;
}

/** Two filters of one name on one stream count together. */
function timesIn(info: StreamInfo, name: string): GuestTimes {
  info.guestTimes ??= new Map();
  let times = info.guestTimes.get(name);
  if (times === undefined) {
    times = { ...noCosts, byCallback: new Map() };
    info.guestTimes.set(name, times);
  }
  return times;
}
