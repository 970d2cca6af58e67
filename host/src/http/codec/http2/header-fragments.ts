import type { Http2Settings } from "../../../contracts/http/codec.ts";
import { floodErrors, type Http2Error } from "./errors.ts";

const framesMost = 512;

/** A header block that comes in several frames (RFC 9113 section 4.3), bounded in bytes and frames. */
export class HeaderFragments {
  streamId = 0;
  endStream = false;
  readonly #bytesMost: number;
  #parts: Buffer[] = [];
  #bytes = 0;
  #frames = 0;

  constructor(settings: Http2Settings) {
    // Coded, fields are smaller than they are; tables cost a little.
    this.#bytesMost = settings.maxHeadersBytes + 16_384;
  }

  begin(streamId: number, endStream: boolean, part: Buffer): Http2Error | undefined {
    this.streamId = streamId;
    this.endStream = endStream;
    this.#parts = [];
    this.#bytes = 0;
    this.#frames = 0;
    return this.add(part);
  }

  /** Keeps a copy of `part`. */
  add(part: Buffer): Http2Error | undefined {
    this.#bytes += part.length;
    this.#frames += 1;
    if (this.#bytes > this.#bytesMost || this.#frames > framesMost) {
      this.#parts = [];
      return floodErrors.continuation;
    }
    this.#parts.push(Buffer.from(part));
    return undefined;
  }

  take(): Buffer {
    const block = Buffer.concat(this.#parts, this.#bytes);
    this.#parts = [];
    return block;
  }
}
