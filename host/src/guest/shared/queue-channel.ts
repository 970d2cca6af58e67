import { BroadcastChannel } from "node:worker_threads";
import type { Registrant } from "./shared-queues.ts";

/** Carries "there is an item" between threads; within one thread as well. */
export class QueueChannel {
  readonly #thread: number;
  readonly #name: string;
  readonly #listeners = new Map<number, (queue: number) => void>();
  #channel: BroadcastChannel | undefined;

  constructor(name: string, thread: number) {
    this.#name = name;
    this.#thread = thread;
  }

  /** `listener` is called for items told to `registration`, when nothing else runs. */
  listen(registration: number, listener: (queue: number) => void): void {
    this.#open();
    this.#listeners.set(registration, listener);
  }

  unlisten(registration: number): void {
    this.#listeners.delete(registration);
  }

  tell(registrant: Registrant): void {
    if (registrant.thread === this.#thread) setImmediate(() => this.#onTold(registrant));
    else this.#open().postMessage(registrant);
  }

  close(): void {
    this.#listeners.clear();
    this.#channel?.close();
    this.#channel = undefined;
  }

  #open(): BroadcastChannel {
    if (this.#channel !== undefined) return this.#channel;
    const channel = new BroadcastChannel(this.#name);
    channel.onmessage = (event) => this.#onTold((event as { data: Registrant }).data);
    channel.unref();
    this.#channel = channel;
    return channel;
  }

  #onTold(registrant: Registrant): void {
    if (registrant.thread !== this.#thread) return;
    this.#listeners.get(registrant.registration)?.(registrant.queue);
  }
}
