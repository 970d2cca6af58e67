import type { Dispatcher, Timer } from "../contracts/event.ts";

/**
 * Tells when a connection has carried nothing for `idle_timeout`. The timer is not touched while requests come: when it
 * runs, it looks how long the connection was idle.
 */
export class ConnectionIdleTimer {
  readonly #dispatcher: Dispatcher;
  /** 0: never. */
  readonly #timeoutMs: number;
  readonly #isIdle: () => boolean;
  readonly #onTimeout: () => void;
  #timer: Timer | undefined = undefined;
  #idleSinceMs = 0;

  constructor(
    dispatcher: Dispatcher,
    timeoutMs: number,
    isIdle: () => boolean,
    onTimeout: () => void,
  ) {
    this.#dispatcher = dispatcher;
    this.#timeoutMs = timeoutMs;
    this.#isIdle = isIdle;
    this.#onTimeout = onTimeout;
  }

  /** The connection is idle from now on, until it is not. */
  start(): void {
    if (this.#timeoutMs === 0) return;
    this.#idleSinceMs = this.#dispatcher.time.monotonicMs();
    this.#timer ??= this.#dispatcher.createTimer(this.#onTimer);
    if (!this.#timer.enabled) this.#timer.enable(this.#timeoutMs);
  }

  disable(): void {
    this.#timer?.disable();
  }

  readonly #onTimer = (): void => {
    if (!this.#isIdle()) return;
    const left = this.#idleSinceMs + this.#timeoutMs - this.#dispatcher.time.monotonicMs();
    if (left > 0) this.#timer!.enable(left);
    else this.#onTimeout();
  };
}
