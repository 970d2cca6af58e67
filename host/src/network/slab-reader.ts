import type { OnReadOpts } from "node:net";
import { slabPool } from "../common/slab-pool.ts";

/**
 * What all sockets of this thread read into until they prove busy: a read is over before the next one begins. It
 * is small, because what comes first is the head of a message, and the chunk will be cut behind it.
 */
const sharedSlab: Buffer = Buffer.allocUnsafeSlow(16_384);

/** Of a slab with no more in it than this the bytes are copied. */
const copyBytesMax = 4096;

/**
 * Where a socket of our own making reads to (`onread` of `net.Socket`), instead of memory that Node allocates for
 * each read and the collector has to release.
 *
 * What a read brings is copied out of the thread's slab. A read that fills it shows that there is more: the socket
 * then gets slabs of its own, which are handed on uncopied, until a read does not fill one.
 */
export class SlabReader {
  /** For the socket's constructor. */
  readonly options: OnReadOpts;
  readonly #onChunk: (chunk: Buffer) => boolean;
  #slab: Buffer = sharedSlab;

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
    this.#slab = bytesRead === slab.length ? slabPool.take() : sharedSlab;
    if (slab !== sharedSlab && bytesRead > copyBytesMax) {
      return this.#onChunk(slabPool.lend(slab, bytesRead));
    }
    const chunk = Buffer.allocUnsafe(bytesRead);
    slab.copy(chunk, 0, 0, bytesRead);
    if (slab !== sharedSlab) slabPool.free(slab);
    return this.#onChunk(chunk);
  }
}
