import type { ConnectionCallbacks, ConnectionEvent } from "../contracts/network/connection.ts";

/** A connection's callbacks in the order of registration; a callback may add and remove, itself too. */
export class CallbackList {
  readonly #callbacks: (ConnectionCallbacks | undefined)[] = [];
  #bytesSent: ((bytes: number) => void)[] = [];
  #raising = 0;

  add(callbacks: ConnectionCallbacks): void {
    this.#callbacks.push(callbacks);
  }

  remove(callbacks: ConnectionCallbacks): void {
    const index = this.#callbacks.indexOf(callbacks);
    if (index < 0) return;
    // While somebody iterates, only the place is emptied.
    if (this.#raising > 0) this.#callbacks[index] = undefined;
    else this.#callbacks.splice(index, 1);
  }

  addBytesSent(callback: (bytes: number) => void): void {
    this.#bytesSent.push(callback);
  }

  clear(): void {
    this.#callbacks.length = 0;
    this.#bytesSent = [];
  }

  raiseBytesSent(bytes: number): void {
    const callbacks = this.#bytesSent;
    for (let i = 0; i < callbacks.length; i += 1) callbacks[i]!(bytes);
  }

  raiseEvent(event: ConnectionEvent): void {
    this.#raising += 1;
    for (let i = 0; i < this.#callbacks.length; i += 1) this.#callbacks[i]?.onEvent(event);
    this.#raised();
  }

  raiseAboveHighWatermark(): void {
    this.#raising += 1;
    for (let i = 0; i < this.#callbacks.length; i += 1) {
      this.#callbacks[i]?.onAboveWriteBufferHighWatermark();
    }
    this.#raised();
  }

  raiseBelowLowWatermark(): void {
    this.#raising += 1;
    for (let i = 0; i < this.#callbacks.length; i += 1) {
      this.#callbacks[i]?.onBelowWriteBufferLowWatermark();
    }
    this.#raised();
  }

  raiseDrain(): void {
    this.#raising += 1;
    for (let i = 0; i < this.#callbacks.length; i += 1) this.#callbacks[i]?.onDrain?.();
    this.#raised();
  }

  #raised(): void {
    this.#raising -= 1;
    if (this.#raising > 0 || !this.#callbacks.includes(undefined)) return;
    const kept = this.#callbacks.filter((entry) => entry !== undefined);
    this.#callbacks.splice(0, this.#callbacks.length, ...kept);
  }
}
