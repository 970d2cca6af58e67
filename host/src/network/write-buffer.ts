import type { Socket } from "node:net";
import type { DataBuffer } from "../contracts/buffer.ts";

/** A chunk up to this size joins the text before it: one string is cheaper to write than a vector. */
const joinBytesMax = 4096;
/** Node writes strings up to 16 KiB from its stack, longer ones from the heap. */
const textBytesMax = 16_384;
/** Handed to the socket at most at once, so that a slow peer's progress is seen in steps of this size. */
const handOverBytesMax = 262_144;

/** Bytes that wait for the socket: text (one character per byte) and chunks, in order, nothing copied but small chunks. */
export class WriteBuffer {
  /** Bytes held. */
  length = 0;
  /** What stands before `#text`. */
  #parts: (string | Buffer)[] = [];
  #text = "";

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

  /** Hands the bytes (a part of them, when there are very many) to the socket in one write; says how many. */
  writeTo(socket: Socket): number {
    if (this.length > handOverBytesMax) return this.#writePart(socket);
    const size = this.length;
    const parts = this.#parts;
    const text = this.#text;
    this.length = 0;
    this.#text = "";
    if (parts.length === 0) {
      socket.write(text, "latin1");
      return size;
    }
    this.#parts = [];
    if (text !== "") parts.push(text);
    writeParts(socket, parts);
    return size;
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

  #writePart(socket: Socket): number {
    if (this.#text !== "") this.#endText();
    const parts: (string | Buffer)[] = [];
    let size = 0;
    let whole = 0;
    for (; whole < this.#parts.length; whole += 1) {
      const part = this.#parts[whole]!;
      const room = handOverBytesMax - size;
      if (part.length > room) {
        parts.push(range(part, 0, room));
        this.#parts[whole] = range(part, room, part.length);
        size = handOverBytesMax;
        break;
      }
      parts.push(part);
      size += part.length;
    }
    this.#parts.splice(0, whole);
    this.length -= size;
    writeParts(socket, parts);
    return size;
  }
}

function range(part: string | Buffer, start: number, end: number): string | Buffer {
  return typeof part === "string" ? part.slice(start, end) : part.subarray(start, end);
}

function writeParts(socket: Socket, parts: readonly (string | Buffer)[]): void {
  if (parts.length === 1) {
    writePart(socket, parts[0]!);
    return;
  }
  socket.cork();
  for (let i = 0; i < parts.length; i += 1) writePart(socket, parts[i]!);
  socket.uncork();
}

function writePart(socket: Socket, part: string | Buffer): void {
  if (typeof part === "string") socket.write(part, "latin1");
  else socket.write(part);
}
