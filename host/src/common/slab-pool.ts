/** Bytes of a slab. */
export const slabBytes = 65_536;

/** So many free slabs are kept, 8 MiB: what some fast responses have under way to slower clients. */
const freeMost = 128;

const slabOf = Symbol("slab");

/** A chunk that knows which slab it is the beginning of, until that is given back. */
interface SlabChunk extends Buffer {
  [slabOf]?: Buffer | undefined;
}

/**
 * Memory to read into. What was read travels through the proxy as a chunk like any other, and when a socket has
 * written that chunk its slab is used again: memory that is allocated and dropped at the rate of a fast response
 * makes V8 look through the whole heap a dozen times a second.
 *
 * Only the very object that `lend` gave brings its slab back. A chunk that was cut on the way, or dropped, leaves
 * it to the collector: nobody has to know of slabs, and nobody who does not can hold bytes that change.
 */
class SlabPool {
  readonly #free: Buffer[] = [];

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(slabBytes);
  }

  /** For a slab that nobody has seen. */
  free(slab: Buffer): void {
    if (this.#free.length < freeMost) this.#free.push(slab);
  }

  /** The first `length` bytes of a slab as a chunk, which owns it from now on. */
  lend(slab: Buffer, length: number): Buffer {
    const chunk: SlabChunk = slab.subarray(0, length);
    chunk[slabOf] = slab;
    return chunk;
  }

  /**
   * `rest` is the end of `chunk`, and will be written behind what was cut off before it: the slab then goes back
   * with `rest`.
   */
  passOn(chunk: SlabChunk, rest: SlabChunk): void {
    const slab = chunk[slabOf];
    if (slab === undefined) return;
    chunk[slabOf] = undefined;
    rest[slabOf] = slab;
  }

  /** The chunk has been written; harmless with chunks that are not from here. */
  giveBack(chunk: SlabChunk): void {
    const slab = chunk[slabOf];
    if (slab === undefined) return;
    chunk[slabOf] = undefined;
    this.free(slab);
  }
}

/** The pool of this thread. */
export const slabPool = new SlabPool();
