/**
 * Bytes on their way through the proxy: a queue of chunks, owned by whoever holds it.
 *
 * Shapes follow Envoy's `Buffer::Instance`. A filter that is handed a buffer may read, drain, append or
 * replace; what is left when it returns `Continue` is what the next filter sees. A chunk that was
 * appended must not be changed by its former owner.
 *
 * Chunks and views of them are good until the bytes are drained or moved: once sent, their memory is used again.
 * Whoever needs bytes for longer, or in two buffers, copies them.
 */
export interface DataBuffer {
  /** Bytes held. */
  readonly length: number;
  /** Chunks held, in order. The array belongs to the buffer: read it, do not keep it. */
  readonly chunks: readonly Buffer[];
  /** Adds a chunk at the end. The buffer owns it from now on; empty chunks are ignored. */
  append(chunk: Buffer): void;
  /** Adds a chunk at the front. */
  prepend(chunk: Buffer): void;
  /** Moves the first `length` bytes (default: all) of `source` to the end of this buffer. */
  move(source: DataBuffer, length?: number): void;
  /** Drops the first `length` bytes. `length` must not be larger than what is held. */
  drain(length: number): void;
  /** All bytes as one chunk; copies only when there are several. The buffer keeps them. */
  toBuffer(): Buffer;
  /** Copies of nothing: a view of `[start, start + length)`; joins chunks when the range spans several. */
  slice(start: number, length: number): Buffer;
  /** The byte at `index`; `undefined` beyond the end. */
  at(index: number): number | undefined;
}
