import type { DataBuffer } from "../../../contracts/buffer.ts";
import {
  type ConnectionCallbacks,
  ConnectionCloseType,
  ConnectionEvent,
} from "../../../contracts/network/connection.ts";
import {
  FilterStatus,
  type ReadFilter,
  type ReadFilterCallbacks,
} from "../../../contracts/network/filter.ts";
import type { Counter, Gauge, StatsScope } from "../../../contracts/stats.ts";

/** What every filter that asks a service counts. */
export interface CalloutStats {
  readonly total: Counter;
  readonly ok: Counter;
  readonly error: Counter;
  readonly failureModeAllowed: Counter;
  readonly cxClosed: Counter;
  /** Connections that wait for their answer. */
  readonly active: Gauge;
}

export function calloutStats(scope: StatsScope): CalloutStats {
  return {
    total: scope.counter("total"),
    ok: scope.counter("ok"),
    error: scope.counter("error"),
    failureModeAllowed: scope.counter("failure_mode_allowed"),
    cxClosed: scope.counter("cx_closed"),
    active: scope.gauge("active"),
  };
}

/** A question under way. */
export interface Callout {
  /** No answer follows. */
  cancel(): void;
}

/**
 * Asks a service about its connection, once, and lets later filters see nothing before the answer. Subclasses ask;
 * told the answer, they call `finish`, then `allow` or `refuse`.
 */
export abstract class CalloutFilter implements ReadFilter, ConnectionCallbacks {
  protected callbacks!: ReadFilterCallbacks;
  readonly #stats: CalloutStats;
  #state: "waiting" | "calling" | "allowed" | "refused" = "waiting";
  #callout: Callout | undefined = undefined;
  /** Inside of `ask`: the callback of the connection that began it is still on the stack. */
  #initiating = false;

  constructor(stats: CalloutStats) {
    this.#stats = stats;
  }

  /** False: the connection passes without a question. */
  protected abstract applies(): boolean;

  /** The answer may come before this returns; the result is undefined then. */
  protected abstract ask(): Callout | undefined;

  initializeReadFilterCallbacks(callbacks: ReadFilterCallbacks): void {
    this.callbacks = callbacks;
    callbacks.connection.addConnectionCallbacks(this);
  }

  onNewConnection(): FilterStatus {
    return FilterStatus.Continue;
  }

  onData(_data: DataBuffer): FilterStatus {
    return this.proceed();
  }

  onEvent(event: ConnectionEvent): void {
    if (event === ConnectionEvent.Connected || this.#state !== "calling") return;
    this.#state = "refused";
    this.#callout?.cancel();
    this.#stats.active.dec();
  }

  onAboveWriteBufferHighWatermark(): void {
    // Nothing is written from here.
  }

  onBelowWriteBufferLowWatermark(): void {
    // The same.
  }

  /** Asks if that has not been done. Whether the connection goes on from here. */
  protected proceed(): FilterStatus {
    if (this.#state === "waiting") this.#begin();
    return this.#state === "allowed" ? FilterStatus.Continue : FilterStatus.StopIteration;
  }

  #begin(): void {
    if (!this.applies()) {
      this.#state = "allowed";
      return;
    }
    this.#state = "calling";
    this.#stats.active.inc();
    this.#stats.total.inc();
    this.#initiating = true;
    this.#callout = this.ask();
    this.#initiating = false;
  }

  /** The answer is there. */
  protected finish(): void {
    this.#callout = undefined;
    this.#stats.active.dec();
  }

  protected allow(): void {
    this.#state = "allowed";
    if (!this.#initiating) this.callbacks.continueReading();
  }

  /** `reason`: of the connection's close. */
  protected refuse(reason: string): void {
    this.#state = "refused";
    this.#stats.cxClosed.inc();
    this.callbacks.connection.close(ConnectionCloseType.NoFlush, reason);
  }
}
