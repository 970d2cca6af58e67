/**
 * Bytes read four at a time, as little-endian numbers. The view is made for the memory behind a chunk, not for the chunk:
 * making one is a call out of compiled code, and small chunks lie side by side in one memory.
 */
export class HeadWords {
  view: DataView = new DataView(new ArrayBuffer(0));
  /** Where the chunk begins in the view. */
  base = 0;

  /** Offsets are those of `bytes` from now on. */
  pointTo(bytes: Buffer): void {
    if (this.view.buffer !== bytes.buffer) this.view = new DataView(bytes.buffer);
    this.base = bytes.byteOffset;
  }

  at(offset: number): number {
    return this.view.getInt32(this.base + offset, true);
  }
}
