import type { DataBuffer } from "../contracts/buffer.ts";
import { slabPool } from "../common/slab-pool.ts";
import type { SocketOutput, WriteDone } from "./socket-io.ts";

/** A chunk up to this size joins the text before it: one string is cheaper to write than a vector. */
const joinBytesMax = 4096;
/** Node writes strings up to 16 KiB from its stack, longer ones from the heap. */
const textBytesMax = 16_384;
/** Handed to the socket at most at once, so that a slow peer's progress is seen in steps of this size. */
const handOverBytesMax = 262_144;

const nothing: readonly (string | Buffer)[] = [];

/** Bytes that wait for the socket: text (one character per byte) and chunks, in order, nothing copied but small chunks. */
export class WriteBuffer {
  /** Bytes held. */
  length = 0;
  /** What stands before `#text`. */
  #parts: (string | Buffer)[] = [];
  #text = "";
  /** What the socket was given last, but for a lone text. */
  #written: readonly (string | Buffer)[] = nothing;

  appendText(text: string): void {
    this.length += text.length;
    if (this.#text.length + text.length > textBytesMax && this.#text !== "") this.#endText();
    this.#text += text;
  }

  /** Takes everything out of `data`. */
  move(data: DataBuffer): void {
    const chunks = data.chunks;
    for (let i = 0; i < chunks.length; i += 1) this.#append(chunks[i]!);
    data.drain(data.length);
  }

  clear(): void {
    this.length = 0;
    this.#parts = [];
    this.#text = "";
  }

  /** How many bytes the next `writeTo` will hand over. */
  get nextSize(): number {
    return this.length > handOverBytesMax ? handOverBytesMax : this.length;
  }

  /** Hands `nextSize` bytes to the socket in one write. */
  writeTo(output: SocketOutput, done: WriteDone): void {
    if (this.length > handOverBytesMax) {
      this.#written = this.#takeParts(handOverBytesMax);
      writeParts(output, this.#written, done);
      return;
    }
    const parts = this.#parts;
    const text = this.#text;
    this.length = 0;
    this.#text = "";
    if (parts.length === 0) {
      output.writeText(text, done);
      return;
    }
    this.#parts = [];
    if (text !== "") parts.push(text);
    this.#written = parts;
    writeParts(output, parts, done);
  }

  /** The write is done: its memory can be used again. */
  recycle(): void {
    const parts = this.#written;
    if (parts === nothing) return;
    this.#written = nothing;
    for (let i = 0; i < parts.length; i += 1) {
      const part = parts[i]!;
      if (typeof part !== "string") slabPool.giveBack(part);
    }
  }

  #append(chunk: Buffer): void {
    const size = chunk.length;
    this.length += size;
    if (this.#text !== "") {
      if (size <= joinBytesMax && this.#text.length + size <= textBytesMax) {
        this.#text += chunk.latin1Slice(0, size);
        return;
      }
      this.#endText();
    }
    this.#parts.push(chunk);
  }

  #endText(): void {
    this.#parts.push(this.#text);
    this.#text = "";
  }

  #takeParts(bytes: number): (string | Buffer)[] {
    if (this.#text !== "") this.#endText();
    const taken: (string | Buffer)[] = [];
    let size = 0;
    let whole = 0;
    for (; size < bytes; whole += 1) {
      const part = this.#parts[whole]!;
      const room = bytes - size;
      if (part.length > room) {
        taken.push(range(part, 0, room));
        this.#parts[whole] = range(part, room, part.length);
        break;
      }
      taken.push(part);
      size += part.length;
    }
    this.#parts.splice(0, whole);
    this.length -= bytes;
    return taken;
  }
}

function range(part: string | Buffer, start: number, end: number): string | Buffer {
  return typeof part === "string" ? part.slice(start, end) : part.subarray(start, end);
}

function writeParts(
  output: SocketOutput,
  parts: readonly (string | Buffer)[],
  done: WriteDone,
): void {
  const first = parts[0]!;
  if (parts.length > 1) output.writeParts(parts, done);
  else if (typeof first === "string") output.writeText(first, done);
  else output.writeChunk(first, done);
}
