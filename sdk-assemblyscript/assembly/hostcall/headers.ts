import {
  MAP_HTTP_REQUEST_HEADERS,
  MAP_HTTP_REQUEST_TRAILERS,
  MAP_HTTP_RESPONSE_HEADERS,
  MAP_HTTP_RESPONSE_TRAILERS,
} from "../../../abi/src/numbers/map-type";
import {
  proxy_add_header_map_value,
  proxy_get_header_map_pairs,
  proxy_get_header_map_value,
  proxy_remove_header_map_value,
  proxy_replace_header_map_value,
} from "../env";
import { outPointer, outSize, release } from "../memory/allocator";
import { EncodedText, firstArgument, readText, secondArgument } from "../memory/text";
import { Status } from "../status";

/** One header. */
export class Header {
  constructor(
    public name: string,
    public value: string,
  ) {}
}

/**
 * Headers or trailers of one message. They live in the proxy: each method is a call there. `status` tells how the
 * last one went, so that "there is no such header" (`NotFound`) and "not available in this callback" (`BadArgument`)
 * are two things. Names may be written in any case of letters; values are UTF-8.
 */
export class HeaderMap {
  /** Of the last call on this map. */
  status: Status = Status.Ok;

  constructor(private readonly map: u32) {}

  /** The first value of `name`; null when there is none (`status` is `NotFound`) or the call failed. */
  get(name: string): string | null {
    EncodedText.of(name, firstArgument);
    this.status = proxy_get_header_map_value(
      this.map,
      firstArgument.pointer,
      firstArgument.size,
      outPointer,
      outSize,
    );
    EncodedText.done(firstArgument);
    if (this.status != Status.Ok) return null;
    const pointer = load<usize>(outPointer);
    const value = readText(pointer, load<u32>(outSize));
    release(pointer);
    return value;
  }

  has(name: string): bool {
    return this.get(name) !== null;
  }

  /** Adds a header, whether or not the name is there. */
  add(name: string, value: string): Status {
    EncodedText.of(name, firstArgument);
    EncodedText.of(value, secondArgument);
    this.status = proxy_add_header_map_value(
      this.map,
      firstArgument.pointer,
      firstArgument.size,
      secondArgument.pointer,
      secondArgument.size,
    );
    EncodedText.done(firstArgument);
    EncodedText.done(secondArgument);
    return this.status;
  }

  /** Puts one header in the place of all of that name; adds it when there is none. */
  set(name: string, value: string): Status {
    EncodedText.of(name, firstArgument);
    EncodedText.of(value, secondArgument);
    this.status = proxy_replace_header_map_value(
      this.map,
      firstArgument.pointer,
      firstArgument.size,
      secondArgument.pointer,
      secondArgument.size,
    );
    EncodedText.done(firstArgument);
    EncodedText.done(secondArgument);
    return this.status;
  }

  /** Removes all headers of that name; Ok when there is none. */
  remove(name: string): Status {
    EncodedText.of(name, firstArgument);
    this.status = proxy_remove_header_map_value(
      this.map,
      firstArgument.pointer,
      firstArgument.size,
    );
    EncodedText.done(firstArgument);
    return this.status;
  }

  /** All headers in order, pseudo headers first. Empty when the map is not available. */
  entries(): Header[] {
    this.status = proxy_get_header_map_pairs(this.map, outPointer, outSize);
    if (this.status != Status.Ok) return [];
    const pointer = load<usize>(outPointer);
    if (pointer == 0) return [];
    const headers = readPairs(pointer);
    release(pointer);
    return headers;
  }
}

function readPairs(pointer: usize): Header[] {
  const count = load<u32>(pointer);
  const headers = new Array<Header>(count);
  let at = pointer + 4 + <usize>count * 8;
  for (let i: u32 = 0; i < count; i++) {
    const lengths = pointer + 4 + <usize>i * 8;
    const nameSize = load<u32>(lengths);
    const valueSize = load<u32>(lengths + 4);
    const name = readText(at, nameSize);
    at += nameSize + 1;
    headers[i] = new Header(name, readText(at, valueSize));
    at += valueSize + 1;
  }
  return headers;
}

export const requestHeaders = new HeaderMap(MAP_HTTP_REQUEST_HEADERS);
export const requestTrailers = new HeaderMap(MAP_HTTP_REQUEST_TRAILERS);
export const responseHeaders = new HeaderMap(MAP_HTTP_RESPONSE_HEADERS);
export const responseTrailers = new HeaderMap(MAP_HTTP_RESPONSE_TRAILERS);
