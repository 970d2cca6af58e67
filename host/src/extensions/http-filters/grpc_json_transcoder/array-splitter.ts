import { TranscodeError } from "./transcode-error.ts";

const byte = (character: string): number => character.charCodeAt(0);
const openBracket = byte("[");
const closeBracket = byte("]");
const openBrace = byte("{");
const closeBrace = byte("}");
const comma = byte(",");
const quote = byte('"');
const backslash = byte("\\");

/** Cuts a JSON array that comes in pieces into its elements, without looking into them. */
export class ArraySplitter {
  #pieces: Buffer[] = [];
  #state: "before" | "inside" | "after" = "before";
  #depth = 0;
  #inString = false;
  #escaped = false;
  #count = 0;
  /** Bytes of the element that is not whole. */
  held = 0;

  /** The elements that `chunk` completes, as text. */
  accept(chunk: Buffer): string[] {
    const elements: string[] = [];
    let start = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const c = chunk[at]!;
      if (this.#state !== "inside") {
        this.#outside(c);
        start = at + 1;
      } else if (this.#endsElement(c)) {
        this.#finish(chunk.subarray(start, at), c, elements);
        start = at + 1;
      }
    }
    if (this.#state === "inside") this.#hold(chunk.subarray(start));
    return elements;
  }

  /** Throws when the array has not ended. */
  end(): void {
    if (this.#state === "before") throw notAnArray();
    if (this.#state === "after") return;
    throw new TranscodeError("Unexpected end of string. Expected , or ] after array value.");
  }

  #outside(c: number): void {
    if (isBlank(c)) return;
    if (this.#state === "after")
      throw new TranscodeError("Parsing terminated before end of input.");
    if (c !== openBracket) throw notAnArray();
    this.#state = "inside";
  }

  /** Goes on by one byte; true at the comma or bracket behind an element. */
  #endsElement(c: number): boolean {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (c === backslash) this.#escaped = true;
      else if (c === quote) this.#inString = false;
      return false;
    }
    if (c === quote) this.#inString = true;
    else if (c === openBrace || c === openBracket) this.#depth += 1;
    else if (this.#depth === 0) return c === comma || c === closeBracket;
    else if (c === closeBrace || c === closeBracket) this.#depth -= 1;
    return false;
  }

  #finish(last: Buffer, end: number, elements: string[]): void {
    this.#hold(last);
    const text = Buffer.concat(this.#pieces).toString("utf8");
    this.#pieces = [];
    this.held = 0;
    if (end === closeBracket) this.#state = "after";
    const isEmpty = text.trim() === "";
    if (isEmpty && end === closeBracket && this.#count === 0) return;
    this.#count += 1;
    elements.push(text);
  }

  /** A copy: the chunk's memory is used again. */
  #hold(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#pieces.push(Buffer.from(piece));
    this.held += piece.length;
  }
}

const notAnArray = (): TranscodeError =>
  new TranscodeError("Expected an array instead of an object");

const isBlank = (c: number): boolean => c === 32 || (c >= 9 && c <= 13);
