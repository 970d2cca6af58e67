import { EncoderTable } from "./encoder-table.ts";
import { Indexing, infoById, infoByName, type NameInfo } from "./encoder-names.ts";
import { huffmanEncode, huffmanLength } from "./huffman.ts";
import { staticCount } from "./static-table.ts";

/** Bytes that a field takes at most beyond those of its name and value. */
export const fieldOverheadMost = 12;
/** Bytes that stand at most before the first field: two table size updates. */
export const blockOverheadMost = 12;

/**
 * Encodes header blocks of one direction of one connection (RFC 7541). What is put into the table is what comes
 * again; a field that is in a table costs a lookup and mostly one byte.
 */
export class HpackEncoder {
  readonly #table: EncoderTable;
  readonly #huffman: boolean;
  /** Our own limit; the peer's may be lower. */
  readonly #mostTableSize: number;
  /** The lowest size since the last block; -1: the size has not changed. */
  #lowestSize = -1;
  #out: Uint8Array = Buffer.alloc(0);
  #at = 0;

  constructor(tableSize: number, huffman: boolean) {
    // The protocol's default is in force until the peer says something else (RFC 9113 section 6.5.2).
    this.#mostTableSize = tableSize;
    this.#table = new EncoderTable(4096);
    this.#huffman = huffman;
    if (tableSize < 4096) this.setPeerTableSize(4096);
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE. */
  setPeerTableSize(size: number): void {
    const wanted = Math.min(size, this.#mostTableSize);
    if (wanted === this.#table.maxSize && this.#lowestSize < 0) return;
    this.#lowestSize = this.#lowestSize < 0 ? wanted : Math.min(this.#lowestSize, wanted);
    this.#table.resize(wanted);
  }

  /** Begins a block at `at` of `out`, which must have room for all of it. */
  begin(out: Uint8Array, at: number): void {
    this.#out = out;
    this.#at = at;
    if (this.#lowestSize < 0) return;
    if (this.#lowestSize < this.#table.maxSize) this.#integer(0x20, 0x1f, this.#lowestSize);
    this.#integer(0x20, 0x1f, this.#table.maxSize);
    this.#lowestSize = -1;
  }

  /** Ends the block; gives the position behind it. */
  end(): number {
    return this.#at;
  }

  /** `id`: the well-known number of `name`, 0 when it has none. Both have one byte per character. */
  field(id: number, name: string, value: string): void {
    const info = id !== 0 ? infoById[id]! : infoByName(name);
    const values = info.staticValues;
    for (let i = 0; i < values.length; i += 1) {
      if (values[i] !== value) continue;
      this.#out[this.#at] = 0x80 | (info.staticIndex + i);
      this.#at += 1;
      return;
    }
    if (info.indexing === Indexing.Incremental) this.#indexable(info, id, name, value);
    else this.#literal(info.indexing, 0x0f, info.staticIndex, name, value);
  }

  /** A field that no table knows, and none is to learn. */
  literal(name: string, value: string): void {
    this.#literal(Indexing.Without, 0x0f, 0, name, value);
  }

  #indexable(info: NameInfo, id: number, name: string, value: string): void {
    const table = this.#table;
    const newest = table.newest(id, name);
    const known = table.find(newest, value);
    if (known !== undefined) {
      this.#integer(0x80, 0x7f, staticCount + 1 + table.distance(known));
      return;
    }
    let nameIndex = info.staticIndex;
    if (nameIndex === 0 && newest !== undefined) {
      nameIndex = staticCount + 1 + table.distance(newest);
    }
    if (table.takes(name, value)) {
      this.#literal(Indexing.Incremental, 0x3f, nameIndex, name, value);
      table.add(id, name, value);
    } else {
      this.#literal(Indexing.Without, 0x0f, nameIndex, name, value);
    }
  }

  #literal(pattern: number, mask: number, nameIndex: number, name: string, value: string): void {
    this.#integer(pattern, mask, nameIndex);
    if (nameIndex === 0) this.#string(name);
    this.#string(value);
  }

  #string(text: string): void {
    const length = text.length;
    if (this.#huffman && length > 0) {
      const coded = huffmanLength(text);
      if (coded < length) {
        this.#integer(0x80, 0x7f, coded);
        this.#at = huffmanEncode(text, this.#out, this.#at);
        return;
      }
    }
    this.#integer(0, 0x7f, length);
    const out = this.#out;
    const at = this.#at;
    for (let i = 0; i < length; i += 1) out[at + i] = text.charCodeAt(i);
    this.#at = at + length;
  }

  /** RFC 7541 section 5.1. */
  #integer(pattern: number, mask: number, value: number): void {
    const out = this.#out;
    if (value < mask) {
      out[this.#at] = pattern | value;
      this.#at += 1;
      return;
    }
    out[this.#at] = pattern | mask;
    this.#at += 1;
    let rest = value - mask;
    while (rest >= 128) {
      out[this.#at] = (rest & 0x7f) | 0x80;
      this.#at += 1;
      rest >>>= 7;
    }
    out[this.#at] = rest;
    this.#at += 1;
  }
}
