import type { Socket } from "node:net";

/** A one-shot timer of a `Dispatcher`. */
export interface Timer {
  /** (Re)arms the timer: the callback runs once, no earlier than `delayMs` from now. */
  enable(delayMs: number): void;
  /** Disarms; harmless when not armed. After it the callback does not run. */
  disable(): void;
  readonly enabled: boolean;
}

/** The event loop of one thread. All callbacks of one thread run on that thread, one at a time. */
export interface Dispatcher {
  /** Thread name as in Envoy's stats: `worker_0`, `main_thread`. */
  readonly name: string;
  readonly time: TimeSource;
  readonly random: RandomSource;
  /** Clocks that move within an event, too, for guests, which may wait on them. Absent: the machine's. */
  readonly machineTime?: TimeSource;
  /** Makes the sockets of connections to servers, where they are not the operating system's. */
  readonly createSocket?: () => Socket;
  /**
   * A timer on the coarse wheel: cheap to re-arm for every request, resolution 10 ms, never early.
   * Callbacks due in one tick run in the order in which they were armed.
   */
  createTimer(callback: () => void): Timer;
  /** Runs `callback` after the current event, before the next one. */
  post(callback: () => void): void;
}

/** Clocks. Durations are taken on the monotonic one. */
export interface TimeSource {
  /** Monotonic milliseconds, with fractions. */
  monotonicMs(): number;
  /** Wall clock, milliseconds since the epoch, with fractions. */
  systemMs(): number;
}

/** Chance, so that tests can choose it. */
export interface RandomSource {
  /** Uniform in [0, 2^32). */
  uint32(): number;
  /** A version 4 UUID, 36 characters, lower case. */
  uuid(): string;
}
