import type { DataBuffer } from "../../../contracts/buffer.ts";
import type { TrailerMap } from "../../../contracts/headers.ts";
import type { BytesMeter } from "../../../contracts/http/codec.ts";
import type { Connection } from "../../../contracts/network/connection.ts";
import { BodyKind } from "./framing.ts";
import { encodeFields, type HeaderFormat } from "./head-encoder.ts";

/** What became of a piece of body. */
export const BodyResult = {
  Written: 0,
  /** The body and the `Content-Length` in the head do not agree: the connection is beyond use. */
  LengthMismatch: 1,
} as const;
export type BodyResult = (typeof BodyResult)[keyof typeof BodyResult];

/** Puts the body of one message on the wire as its head has promised. */
export class BodyEncoder {
  #kind: BodyKind = BodyKind.None;
  #remaining = 0;

  get kind(): BodyKind {
    return this.#kind;
  }

  start(kind: BodyKind, length: number): void {
    this.#kind = kind;
    this.#remaining = length;
  }

  /** Drains `data`. */
  write(
    connection: Connection,
    meter: BytesMeter,
    data: DataBuffer,
    endStream: boolean,
  ): BodyResult {
    switch (this.#kind) {
      case BodyKind.None:
        // A response to HEAD, a 204 or 304: what a filter has made up for it goes nowhere.
        data.drain(data.length);
        return BodyResult.Written;
      case BodyKind.Length:
        return this.#writeLength(connection, meter, data, endStream);
      case BodyKind.Chunked:
        writeChunk(connection, meter, data, endStream);
        return BodyResult.Written;
      case BodyKind.UntilClose:
      case BodyKind.Tunnel:
        writeRaw(connection, meter, data);
        return BodyResult.Written;
      default:
        return this.#kind satisfies never;
    }
  }

  /** Ends the body without more data. */
  end(connection: Connection, meter: BytesMeter): BodyResult {
    if (this.#kind === BodyKind.Chunked) writeText(connection, meter, "0\r\n\r\n");
    return this.#remaining === 0 ? BodyResult.Written : BodyResult.LengthMismatch;
  }

  /** Ends the body with trailers, which only the chunked coding can carry. */
  endWithTrailers(
    connection: Connection,
    meter: BytesMeter,
    trailers: TrailerMap,
    format: HeaderFormat,
  ): BodyResult {
    if (this.#kind !== BodyKind.Chunked) return this.end(connection, meter);
    writeText(connection, meter, `0${encodeFields(trailers, "", format)}\r\n\r\n`);
    return BodyResult.Written;
  }

  #writeLength(
    connection: Connection,
    meter: BytesMeter,
    data: DataBuffer,
    endStream: boolean,
  ): BodyResult {
    this.#remaining -= data.length;
    if (this.#remaining < 0 || (endStream && this.#remaining > 0)) {
      data.drain(data.length);
      return BodyResult.LengthMismatch;
    }
    writeRaw(connection, meter, data);
    return BodyResult.Written;
  }
}

function writeRaw(connection: Connection, meter: BytesMeter, data: DataBuffer): void {
  if (data.length === 0) return;
  meter.wireBytesSent += data.length;
  connection.write(data, false);
}

function writeText(connection: Connection, meter: BytesMeter, text: string): void {
  meter.wireBytesSent += text.length;
  connection.writeLatin1(text);
}

function writeChunk(
  connection: Connection,
  meter: BytesMeter,
  data: DataBuffer,
  endStream: boolean,
): void {
  if (data.length > 0) {
    writeText(connection, meter, `${data.length.toString(16)}\r\n`);
    writeRaw(connection, meter, data);
    writeText(connection, meter, endStream ? "\r\n0\r\n\r\n" : "\r\n");
  } else if (endStream) {
    writeText(connection, meter, "0\r\n\r\n");
  }
}
