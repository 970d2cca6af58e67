import {
  HeaderName,
  internHeaderName,
  nextNameHash,
} from "../../../../common/headers/header-name.ts";
import { tokenLower, valueByte } from "../../../../common/headers/validation.ts";
import { DynamicTable } from "./dynamic-table.ts";
import { FieldFault, HpackField } from "./field.ts";
import { huffmanDecode } from "./huffman.ts";
import { pseudoName, staticCount, staticFields } from "./static-table.ts";

/** Takes the fields of a block, in order. `field` may be used again for the next one: keep what is in it. */
export interface FieldSink {
  onField(field: HpackField): void;
}

/** Integers above this are wrong wherever they stand; keeps all sums exact. */
const largestInteger = 2 ** 28;
const colon = 58;

/** Where Huffman strings are decoded to; a call is over before the next one begins. */
let scratch: Uint8Array = Buffer.allocUnsafeSlow(32_768);

/** An unknown pseudo header, or a name that is none: only good to be refused. */
function faultyName(text: string): HeaderName {
  return new HeaderName(text, 0, true);
}

/** Decodes header blocks of one direction of one connection (RFC 7541). Beyond use after an error. */
export class HpackDecoder {
  readonly #table: DynamicTable;
  /** The largest size that the peer may choose. */
  #allowedSize: number;
  readonly #mostFieldBytes: number;
  readonly #scratchField = new HpackField(faultyName(""), "", 0, false);
  #bytes: Uint8Array = scratch;
  #at = 0;
  #end = 0;
  #error = "";
  /** The string that was read last: where its bytes are, and what is wrong with them. */
  #text: Uint8Array = scratch;
  #textStart = 0;
  #textEnd = 0;
  #fault = 0;
  #obsText = false;

  /** `tableSize`: of our settings, in force at once. `mostFieldBytes`: of one name or value. */
  constructor(tableSize: number, mostFieldBytes: number) {
    this.#table = new DynamicTable(tableSize);
    this.#allowedSize = tableSize;
    this.#mostFieldBytes = mostFieldBytes;
  }

  /** The peer has acknowledged this size of ours. */
  allowTableSize(size: number): void {
    this.#allowedSize = size;
    if (this.#table.maxSize > size) this.#table.resize(size);
  }

  /** Gives a text about what is wrong with the coding, the empty string when nothing is. */
  decode(bytes: Uint8Array, start: number, end: number, sink: FieldSink): string {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#error = "";
    let begun = false;
    while (this.#at < end && this.#error === "") {
      const first = bytes[this.#at]!;
      if ((first & 0xe0) === 0x20) {
        if (begun) return "table size update inside a header block";
        this.#resize();
        continue;
      }
      begun = true;
      if ((first & 0x80) !== 0) this.#indexed(sink);
      else if ((first & 0x40) !== 0) this.#literalWithIndexing(sink);
      else this.#literal(sink);
    }
    return this.#error;
  }

  #indexed(sink: FieldSink): void {
    const field = this.#fieldAt(this.#integer(0x7f));
    if (field === undefined) this.#fail("index without an entry");
    else sink.onField(field);
  }

  #literalWithIndexing(sink: FieldSink): void {
    const name = this.#name(this.#integer(0x3f));
    const nameFault = this.#fault;
    const value = this.#value();
    if (this.#error !== "") return;
    const field = new HpackField(name, value, nameFault | this.#fault, this.#obsText);
    this.#table.add(field);
    sink.onField(field);
  }

  #literal(sink: FieldSink): void {
    const field = this.#scratchField;
    field.name = this.#name(this.#integer(0x0f));
    const nameFault = this.#fault;
    field.value = this.#value();
    field.fault = nameFault | this.#fault;
    field.obsText = this.#obsText;
    if (this.#error === "") sink.onField(field);
  }

  #resize(): void {
    const size = this.#integer(0x1f);
    if (size > this.#allowedSize) this.#fail("table size update above the limit");
    else this.#table.resize(size);
  }

  #fieldAt(index: number): HpackField | undefined {
    return index <= staticCount ? staticFields[index] : this.#table.get(index - staticCount - 1);
  }

  /** The name of a literal: of an entry, or (index 0) spelled out. Sets `#fault`. */
  #name(index: number): HeaderName {
    this.#fault = 0;
    if (index === 0) return this.#literalName();
    const field = this.#fieldAt(index);
    if (field === undefined) {
      this.#fail("index without an entry");
      return this.#scratchField.name;
    }
    this.#fault = field.fault & FieldFault.Name;
    return field.name;
  }

  #literalName(): HeaderName {
    if (!this.#string()) return this.#scratchField.name;
    const text = this.#text;
    const start = this.#textStart;
    const end = this.#textEnd;
    let hash = 0;
    for (let i = start; i < end; i += 1) {
      const c = text[i]!;
      if (tokenLower[c] !== c || c === 0) return this.#oddName();
      hash = nextNameHash(hash, c);
    }
    if (start === end) return this.#oddName();
    return internHeaderName(text, start, end, hash);
  }

  /** A pseudo header, or a fault. */
  #oddName(): HeaderName {
    const text = this.#textAsString();
    const pseudo = text.charCodeAt(0) === colon ? pseudoName(text) : undefined;
    if (pseudo !== undefined) return pseudo;
    this.#fault = FieldFault.Name;
    return faultyName(text);
  }

  /** Sets `#fault` and `#obsText`. */
  #value(): string {
    this.#fault = 0;
    this.#obsText = false;
    if (this.#error !== "" || !this.#string()) return "";
    const text = this.#text;
    const start = this.#textStart;
    const end = this.#textEnd;
    if (start === end) return "";
    if (end - start > this.#mostFieldBytes) this.#fault = FieldFault.Size;
    let high = 0;
    let sound = 1;
    for (let i = start; i < end; i += 1) {
      const c = text[i]!;
      sound &= valueByte[c]!;
      high |= c;
    }
    this.#obsText = high > 127;
    if (sound === 0 || isBlank(text[start]!) || isBlank(text[end - 1]!)) {
      this.#fault |= FieldFault.Value;
    }
    return this.#textAsString();
  }

  #textAsString(): string {
    return (this.#text as Buffer).latin1Slice(this.#textStart, this.#textEnd);
  }

  /** Reads a string literal (RFC 7541 section 5.2); false after a failure. */
  #string(): boolean {
    if (this.#at >= this.#end) return this.#fail("block ends inside a field");
    const huffman = (this.#bytes[this.#at]! & 0x80) !== 0;
    const length = this.#integer(0x7f);
    const start = this.#at;
    if (this.#error !== "" || length > this.#end - start) {
      return this.#fail("block ends inside a field");
    }
    this.#at = start + length;
    if (!huffman) {
      this.#text = this.#bytes;
      this.#textStart = start;
      this.#textEnd = this.#at;
      return true;
    }
    // The shortest code has five bits.
    if (length * 1.6 + 1 > scratch.length) scratch = Buffer.allocUnsafeSlow(length * 2);
    const decoded = huffmanDecode(this.#bytes, start, this.#at, scratch);
    if (decoded < 0) return this.#fail("broken Huffman code");
    this.#text = scratch;
    this.#textStart = 0;
    this.#textEnd = decoded;
    return true;
  }

  /** RFC 7541 section 5.1; `mask` is the prefix of the first byte. */
  #integer(mask: number): number {
    let value = this.#bytes[this.#at]! & mask;
    this.#at += 1;
    if (value < mask) return value;
    let scale = 1;
    for (;;) {
      if (this.#at >= this.#end) break;
      const byte = this.#bytes[this.#at]!;
      this.#at += 1;
      value += (byte & 0x7f) * scale;
      if (value > largestInteger) break;
      if ((byte & 0x80) === 0) return value;
      scale *= 128;
      if (scale > largestInteger) break;
    }
    this.#fail("integer is too large or not complete");
    return 0;
  }

  #fail(text: string): false {
    if (this.#error === "") this.#error = text;
    return false;
  }
}

function isBlank(c: number): boolean {
  return c === 32 || c === 9;
}
