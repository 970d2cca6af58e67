import type { Dispatcher, Timer } from "../contracts/event.ts";

/** Bounds the time that a closing connection waits for its peer (`delayed_close_timeout`). */
export class DelayedClose {
  /** 0 = no bound. */
  timeoutMs = 0;
  readonly #dispatcher: Dispatcher;
  readonly #onTimeout: () => void;
  #timer: Timer | undefined = undefined;

  constructor(dispatcher: Dispatcher, onTimeout: () => void) {
    this.#dispatcher = dispatcher;
    this.#onTimeout = onTimeout;
  }

  arm(): void {
    if (this.timeoutMs === 0) return;
    this.#timer ??= this.#dispatcher.createTimer(this.#onTimeout);
    this.#timer.enable(this.timeoutMs);
  }

  /** The peer took something: the time begins anew. */
  onProgress(): void {
    if (this.#timer?.enabled) this.arm();
  }

  disable(): void {
    this.#timer?.disable();
  }
}
