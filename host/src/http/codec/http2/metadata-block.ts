import type { MetadataMap } from "../../../contracts/http/metadata.ts";
import { compressionError, flowControlError, type Http2Error } from "./errors.ts";
import type { Payload } from "./frame-reader.ts";
import { HpackDecoder, type FieldSink } from "./hpack/decoder.ts";
import { HpackEncoder, blockOverheadMost, fieldOverheadMost } from "./hpack/encoder.ts";
import type { HpackField } from "./hpack/field.ts";

const nothing = Buffer.alloc(0);
const smallestBuffer = 256;
/** The table of a block: the protocol's default, which nobody can change here. */
const tableBytes = 4096;

/** What an entry costs besides its bytes, as HPACK counts it (RFC 7541 section 4.1). */
const entryOverhead = 32;

const tooLarge = flowControlError("METADATA of a stream is above max_metadata_size");

/** The METADATA of one stream as it arrives: the frames of a block, and what all of them amount to. */
export class MetadataBlock {
  readonly #bytesMost: number;
  #bytes = nothing;
  #length = 0;
  /** Bytes of all frames so far. */
  #total = 0;
  #entries = 0;

  constructor(bytesMost: number) {
    this.#bytesMost = bytesMost;
  }

  /** What the stream may hold in memory at most, wherever its blocks are. */
  get cost(): number {
    return this.#total + this.#entries * entryOverhead;
  }

  /** Keeps a copy of the payload. */
  add(payload: Payload): Http2Error | undefined {
    const length = payload.length;
    this.#total += length;
    if (this.#total > this.#bytesMost) return tooLarge;
    const needed = this.#length + length;
    if (needed > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(smallestBuffer, needed, 2 * this.#bytes.length));
      this.#bytes.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    payload.bytes.copy(this.#bytes, this.#length, payload.start, payload.end);
    this.#length = needed;
    return undefined;
  }

  /** The block is whole: its entries, or what is wrong with it. */
  take(): MetadataMap | Http2Error {
    const length = this.#length;
    const bytes = this.#bytes;
    this.#bytes = nothing;
    this.#length = 0;
    const metadata = decodeMetadata(bytes, length);
    if (metadata instanceof Map) this.#entries += metadata.size;
    return metadata;
  }
}

/** Takes fields whatever they are: they are no part of a message, and HTTP has no rules for them. */
class Entries implements FieldSink {
  readonly metadata: MetadataMap = new Map();

  onField({ name, value }: HpackField): void {
    if (!this.metadata.has(name.text)) this.metadata.set(name.text, value);
  }
}

/** A block has a table of its own: neither heads nor other blocks share it. */
function decodeMetadata(bytes: Buffer, length: number): MetadataMap | Http2Error {
  const entries = new Entries();
  const problem = new HpackDecoder(tableBytes, Infinity).decode(bytes, 0, length, entries);
  return problem === "" ? entries.metadata : compressionError(`METADATA: ${problem}`);
}

/** Writes blocks, in which nothing refers to a table. */
export class MetadataEncoder {
  readonly #hpack: HpackEncoder;

  constructor(huffman: boolean) {
    this.#hpack = new HpackEncoder(tableBytes, huffman);
  }

  encode(metadata: MetadataMap): Buffer {
    let most = blockOverheadMost;
    for (const [name, value] of metadata) most += name.length + value.length + fieldOverheadMost;
    const block = Buffer.allocUnsafe(most);
    const hpack = this.#hpack;
    hpack.begin(block, 0);
    for (const [name, value] of metadata) hpack.literal(name, value);
    return block.subarray(0, hpack.end());
  }
}
