import {
  BUFFER_DOWNSTREAM_DATA,
  BUFFER_HTTP_REQUEST_BODY,
  BUFFER_HTTP_RESPONSE_BODY,
  BUFFER_UPSTREAM_DATA,
} from "../../../abi/src/numbers/buffer-type";
import { proxy_get_buffer_bytes, proxy_get_buffer_status, proxy_set_buffer_bytes } from "../env";
import { outPointer, outSize } from "../memory/allocator";
import { takeBytes, takeText } from "../memory/result";
import { encodeFirst, firstPointer, firstSize, releaseTexts } from "../memory/text";
import { Status } from "../status";

const everything: u32 = 0xffffffff;

/**
 * The part of a body or a connection that a callback may see: what has just arrived and what was kept of it before.
 * Messages and answers of callouts have this form too; they cannot be changed (`BadArgument`). It lives in the proxy: each method is a call there, and `status` tells how the last one went.
 */
export class Body {
  /** Of the last call on this body. */
  status: Status = Status.Ok;
  /** Bytes, when the callback began. */
  size: u32 = 0;

  constructor(private readonly buffer: u32) {}

  /** Bytes that are here now, also after changes. 0 when there is no such body now. */
  length(): u32 {
    this.status = proxy_get_buffer_status(this.buffer, outSize, outPointer);
    return this.status == Status.Ok ? load<u32>(outSize) : 0;
  }

  /** A copy of `max` bytes from `start` on; fewer where the body ends. */
  bytes(start: u32 = 0, max: u32 = everything): ArrayBuffer {
    this.status = proxy_get_buffer_bytes(this.buffer, start, max, outPointer, outSize);
    return this.status == Status.Ok ? takeBytes() : new ArrayBuffer(0);
  }

  /** The same as text. */
  text(start: u32 = 0, max: u32 = everything): string {
    this.status = proxy_get_buffer_bytes(this.buffer, start, max, outPointer, outSize);
    return this.status == Status.Ok ? takeText() : "";
  }

  /** Puts `text` in the place of all that is here. Remove or correct `content-length` in the headers callback. */
  replace(text: string): Status {
    return this.write(0, everything, text);
  }

  replaceBytes(bytes: ArrayBuffer): Status {
    return this.writeBytes(0, everything, bytes);
  }

  append(text: string): Status {
    return this.write(everything, 0, text);
  }

  appendBytes(bytes: ArrayBuffer): Status {
    return this.writeBytes(everything, 0, bytes);
  }

  prepend(text: string): Status {
    return this.write(0, 0, text);
  }

  prependBytes(bytes: ArrayBuffer): Status {
    return this.writeBytes(0, 0, bytes);
  }

  /** Drops the first `size` bytes. */
  drain(size: u32): Status {
    this.status = proxy_set_buffer_bytes(this.buffer, 0, size, 0, 0);
    return this.status;
  }

  private write(start: u32, size: u32, text: string): Status {
    encodeFirst(changetype<usize>(text));
    this.status = proxy_set_buffer_bytes(this.buffer, start, size, firstPointer, firstSize);
    releaseTexts();
    return this.status;
  }

  private writeBytes(start: u32, size: u32, bytes: ArrayBuffer): Status {
    const pointer = changetype<usize>(bytes);
    this.status = proxy_set_buffer_bytes(this.buffer, start, size, pointer, bytes.byteLength);
    return this.status;
  }
}

/** What flows through streams and connections. Lazy: those that a filter is not given are not compiled. */
export class StreamBodies {
  @lazy static readonly ofRequest: Body = new Body(BUFFER_HTTP_REQUEST_BODY);
  @lazy static readonly ofResponse: Body = new Body(BUFFER_HTTP_RESPONSE_BODY);
  @lazy static readonly fromDownstream: Body = new Body(BUFFER_DOWNSTREAM_DATA);
  @lazy static readonly fromUpstream: Body = new Body(BUFFER_UPSTREAM_DATA);
}
