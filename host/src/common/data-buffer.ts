import type { DataBuffer } from "../contracts/buffer.ts";

const empty = Buffer.alloc(0);

/** The one implementation of `DataBuffer`: an array of chunks, joined only when somebody asks for a range. */
export class OwnedBuffer implements DataBuffer {
  #chunks: Buffer[] = [];
  #length = 0;

  /** A buffer that holds (and from now on owns) `chunk`. */
  static of(chunk: Buffer): OwnedBuffer {
    const buffer = new OwnedBuffer();
    buffer.append(chunk);
    return buffer;
  }

  /** A buffer of text with one byte per character. */
  static latin1(text: string): OwnedBuffer {
    return OwnedBuffer.of(Buffer.from(text, "latin1"));
  }

  get length(): number {
    return this.#length;
  }

  get chunks(): readonly Buffer[] {
    return this.#chunks;
  }

  append(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  prepend(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.unshift(chunk);
    this.#length += chunk.length;
  }

  move(source: DataBuffer, length: number = source.length): void {
    let left = length;
    if (left > source.length) throw new RangeError(`move(${length}) of ${source.length} bytes`);
    for (let i = 0; left > 0; i += 1) {
      const chunk = source.chunks[i]!;
      const part = chunk.length <= left ? chunk : chunk.subarray(0, left);
      this.append(part);
      left -= part.length;
    }
    source.drain(length);
  }

  drain(length: number): void {
    if (length === this.#length) {
      // Nearly always there is one, and the array's room serves the next.
      if (this.#chunks.length === 1) this.#chunks.pop();
      else this.#chunks = [];
      this.#length = 0;
      return;
    }
    if (length < 0 || length > this.#length) {
      throw new RangeError(`drain(${length}) of ${this.#length} bytes`);
    }
    this.#length -= length;
    this.#dropFront(length);
  }

  toBuffer(): Buffer {
    if (this.#chunks.length === 0) return empty;
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks, this.#length)];
    return this.#chunks[0]!;
  }

  slice(start: number, length: number): Buffer {
    if (start < 0 || length < 0 || start + length > this.#length) {
      throw new RangeError(`slice(${start}, ${length}) of ${this.#length} bytes`);
    }
    const first = this.#chunks[0];
    if (first !== undefined && start + length <= first.length) {
      return first.subarray(start, start + length);
    }
    return this.toBuffer().subarray(start, start + length);
  }

  at(index: number): number | undefined {
    if (index < 0 || index >= this.#length) return undefined;
    let offset = index;
    let i = 0;
    while (offset >= this.#chunks[i]!.length) {
      offset -= this.#chunks[i]!.length;
      i += 1;
    }
    return this.#chunks[i]![offset];
  }

  #dropFront(length: number): void {
    let left = length;
    let whole = 0;
    while (left > 0 && this.#chunks[whole]!.length <= left) {
      left -= this.#chunks[whole]!.length;
      whole += 1;
    }
    if (whole > 0) this.#chunks.splice(0, whole);
    if (left > 0) this.#chunks[0] = this.#chunks[0]!.subarray(left);
  }
}
