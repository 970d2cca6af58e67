import { OwnedBuffer } from "../../../common/data-buffer.ts";
import type { TrailerMap } from "../../../contracts/headers.ts";
import type { MetadataMap } from "../../../contracts/http/metadata.ts";

/** Pieces below this are copied together while they wait, so that tiny frames do not cost an object each. */
const smallPiece = 512;
const copyBlock = 16_384;

/** What has come of a message while nobody wanted to read it: body and metadata in their order, then the end. */
export class HeldMessage {
  /** The body that is here ends the message. */
  end = false;
  trailers: TrailerMap | undefined = undefined;
  readonly #parts: (OwnedBuffer | MetadataMap)[] = [];
  /** Where small pieces go. */
  #block: Buffer | undefined = undefined;

  get empty(): boolean {
    return this.#parts.length === 0 && !this.end && this.trailers === undefined;
  }

  /** Of the body. */
  get bytes(): number {
    let bytes = 0;
    for (const part of this.#parts) if (part instanceof OwnedBuffer) bytes += part.length;
    return bytes;
  }

  addData(piece: Buffer): void {
    if (piece.length === 0) return;
    const body = this.#body();
    if (piece.length > smallPiece) {
      body.append(piece);
      this.#block = undefined;
      return;
    }
    if (this.#block === undefined || this.#block.length < piece.length) {
      this.#block = Buffer.allocUnsafe(copyBlock);
    }
    piece.copy(this.#block);
    body.append(this.#block.subarray(0, piece.length));
    this.#block = this.#block.subarray(piece.length);
  }

  addMetadata(metadata: MetadataMap): void {
    this.#parts.push(metadata);
  }

  /** The next part in order; undefined when only the end or the trailers are left. */
  takePart(): OwnedBuffer | MetadataMap | undefined {
    return this.#parts.shift();
  }

  /** True, once, when the part that was taken last, or an empty one, ends the message. */
  takeEnd(): boolean {
    const ends = this.end && this.#parts.length === 0;
    if (ends) this.end = false;
    return ends;
  }

  takeTrailers(): TrailerMap | undefined {
    const { trailers } = this;
    this.trailers = undefined;
    return trailers;
  }

  /** The buffer at the end. */
  #body(): OwnedBuffer {
    const last = this.#parts.at(-1);
    if (last instanceof OwnedBuffer) return last;
    const body = new OwnedBuffer();
    this.#parts.push(body);
    return body;
  }
}
