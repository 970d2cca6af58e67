import type { ListenerFilterBuffer } from "../contracts/network/listener-filter.ts";

const initialBytes = 1024;

/**
 * The first bytes of a connection, kept for listener filters and handed to the connection afterwards: Node has
 * no way to look at bytes without taking them from the socket.
 */
export class PeekBuffer implements ListenerFilterBuffer {
  /** What filters may look at: the most that any of them wanted so far. */
  capacity = 0;
  #storage: Buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;

  /** Bytes held; more than `capacity` when the last read brought more. */
  get length(): number {
    return this.#end - this.#start;
  }

  get bytes(): Buffer {
    return this.#storage.subarray(this.#start, Math.min(this.#end, this.#start + this.capacity));
  }

  /** Everything, for the connection. */
  get all(): Buffer {
    return this.#storage.subarray(this.#start, this.#end);
  }

  append(chunk: Buffer): void {
    const needed = this.#end + chunk.length;
    if (this.#storage.length < needed) {
      const storage = Buffer.allocUnsafe(Math.max(needed, this.#storage.length * 2, initialBytes));
      this.#storage.copy(storage, 0, 0, this.#end);
      this.#storage = storage;
    }
    chunk.copy(this.#storage, this.#end);
    this.#end = needed;
  }

  drain(length: number): void {
    if (length < 0 || length > this.length) {
      throw new RangeError(`drain(${length}) of ${this.length} bytes`);
    }
    this.#start += length;
  }
}
