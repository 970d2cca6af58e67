import type { Dispatcher, Timer } from "../../../contracts/event.ts";
import type { Http2Keepalive } from "../../../contracts/http/codec.ts";

/** What the keepalive asks of its connection. */
export interface KeepaliveOwner {
  sendKeepalivePing(): void;
  onKeepaliveTimeout(): void;
}

/** Asks by PING whether the peer is still there, and gives the connection up when no answer comes in time. */
export class Keepalive {
  readonly #config: Http2Keepalive;
  readonly #owner: KeepaliveOwner;
  readonly #dispatcher: Dispatcher;
  readonly #interval: Timer;
  readonly #timeout: Timer;
  #lastReceivedMs = 0;

  constructor(config: Http2Keepalive, owner: KeepaliveOwner, dispatcher: Dispatcher) {
    this.#config = config;
    this.#owner = owner;
    this.#dispatcher = dispatcher;
    this.#interval = dispatcher.createTimer(this.#onInterval);
    this.#timeout = dispatcher.createTimer(this.#onTimeout);
    this.#lastReceivedMs = dispatcher.time.monotonicMs();
    this.#arm();
  }

  /** Bytes came from the peer. */
  onReceived(): void {
    this.#lastReceivedMs = this.#dispatcher.time.monotonicMs();
  }

  /** The answer to a PING is here. */
  onAck(): void {
    this.#timeout.disable();
    this.#arm();
  }

  /** A request is about to use the connection: one that was silent for long is asked first. */
  beforeStream(): void {
    const idle = this.#config.connectionIdleIntervalMs;
    if (idle === 0 || this.#timeout.enabled) return;
    if (this.#dispatcher.time.monotonicMs() - this.#lastReceivedMs >= idle) this.#ask();
  }

  stop(): void {
    this.#interval.disable();
    this.#timeout.disable();
  }

  #arm(): void {
    const { intervalMs, intervalJitterPercent } = this.#config;
    if (intervalMs === 0) return;
    const share = this.#dispatcher.random.uint32() / 2 ** 32;
    this.#interval.enable(intervalMs * (1 + (share * intervalJitterPercent) / 100));
  }

  #ask(): void {
    this.#interval.disable();
    this.#owner.sendKeepalivePing();
    this.#timeout.enable(this.#config.timeoutMs);
  }

  readonly #onInterval = (): void => this.#ask();
  readonly #onTimeout = (): void => this.#owner.onKeepaliveTimeout();
}
