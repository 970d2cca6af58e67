import type { OnReadOpts } from "node:net";

const slabBytes = 65_536;
/** Reads up to this size are copied out of a slab, so that the next read can use it again. */
const copyBytesMax = 16_384;

/** What all sockets of this thread read into until they prove busy: a read is over before the next one begins. */
const sharedSlab = Buffer.allocUnsafeSlow(slabBytes);

/**
 * Where a socket of our own making reads to (`onread` of `net.Socket`), instead of memory that Node allocates for
 * each read and the collector has to release one by one.
 *
 * Small reads are copied from the thread's slab. A read that fills it shows that there is more: the socket then
 * gets slabs of its own, which are handed on as they are, until a read does not fill one.
 */
export class SlabReader {
  /** For the socket's constructor. */
  readonly options: OnReadOpts;
  readonly #onChunk: (chunk: Buffer) => boolean;
  #slab = sharedSlab;

  /** `onChunk` owns the chunk; false: stop reading. */
  constructor(onChunk: (chunk: Buffer) => boolean) {
    this.#onChunk = onChunk;
    this.options = {
      buffer: () => this.#slab,
      callback: (bytesRead) => this.#onRead(bytesRead),
    };
  }

  #onRead(bytesRead: number): boolean {
    const slab = this.#slab;
    let chunk: Buffer;
    if (slab === sharedSlab || bytesRead <= copyBytesMax) {
      chunk = Buffer.allocUnsafe(bytesRead);
      slab.copy(chunk, 0, 0, bytesRead);
    } else {
      chunk = slab.subarray(0, bytesRead);
    }
    this.#slab = bytesRead === slabBytes ? Buffer.allocUnsafeSlow(slabBytes) : sharedSlab;
    return this.#onChunk(chunk);
  }
}
