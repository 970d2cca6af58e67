import {
  MAP_HTTP_REQUEST_HEADERS,
  MAP_HTTP_REQUEST_TRAILERS,
  MAP_HTTP_RESPONSE_HEADERS,
  MAP_HTTP_RESPONSE_TRAILERS,
} from "../../../abi/src/numbers/map-type";
import {
  proxy_add_header_map_value,
  proxy_get_header_map_pairs,
  proxy_get_header_map_size,
  proxy_get_header_map_value,
  proxy_remove_header_map_value,
  proxy_replace_header_map_value,
  proxy_set_header_map_pairs,
} from "../env";
import { outPointer, outSize, release } from "../memory/allocator";
import { encodePairs, readPairs } from "../memory/pairs";
import { takeBytes, takeText } from "../memory/result";
import {
  encodeFirst,
  encodeSecond,
  firstPointer,
  firstSize,
  releaseTexts,
  secondPointer,
  secondSize,
} from "../memory/text";
import { Status } from "../status";
import { Header } from "./header";

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
    return this.look(name) == Status.Ok ? takeText() : null;
  }

  /** The same as the bytes that were sent, for values that are no UTF-8. */
  getBytes(name: string): ArrayBuffer | null {
    return this.look(name) == Status.Ok ? takeBytes() : null;
  }

  has(name: string): bool {
    if (this.look(name) != Status.Ok) return false;
    release(load<usize>(outPointer));
    return true;
  }

  /** Adds a header, whether or not the name is there. */
  add(name: string, value: string): Status {
    encodeFirst(changetype<usize>(name));
    encodeSecond(changetype<usize>(value));
    this.status = proxy_add_header_map_value(
      this.map,
      firstPointer,
      firstSize,
      secondPointer,
      secondSize,
    );
    releaseTexts();
    return this.status;
  }

  /** Puts one header in the place of all of that name; adds it when there is none. */
  set(name: string, value: string): Status {
    encodeFirst(changetype<usize>(name));
    encodeSecond(changetype<usize>(value));
    this.status = proxy_replace_header_map_value(
      this.map,
      firstPointer,
      firstSize,
      secondPointer,
      secondSize,
    );
    releaseTexts();
    return this.status;
  }

  /** Removes all headers of that name; Ok when there is none. */
  remove(name: string): Status {
    encodeFirst(changetype<usize>(name));
    this.status = proxy_remove_header_map_value(this.map, firstPointer, firstSize);
    releaseTexts();
    return this.status;
  }

  /** All headers in order, pseudo headers first. Empty when the map is not available. */
  entries(): Header[] {
    this.status = proxy_get_header_map_pairs(this.map, outPointer, outSize);
    if (this.status != Status.Ok) return [];
    const pointer = load<usize>(outPointer);
    const headers = readPairs(pointer);
    release(pointer);
    return headers;
  }

  /** Puts these in the place of all headers, pseudo headers among them. */
  replaceAll(headers: Header[]): Status {
    const pairs = encodePairs(headers);
    this.status = proxy_set_header_map_pairs(this.map, changetype<usize>(pairs), pairs.byteLength);
    return this.status;
  }

  /** Bytes of all names and values; 0 when the map is not available. */
  byteSize(): u32 {
    this.status = proxy_get_header_map_size(this.map, outSize);
    return this.status == Status.Ok ? load<u32>(outSize) : 0;
  }

  private look(name: string): Status {
    encodeFirst(changetype<usize>(name));
    this.status = proxy_get_header_map_value(
      this.map,
      firstPointer,
      firstSize,
      outPointer,
      outSize,
    );
    releaseTexts();
    return this.status;
  }
}

/** The maps of HTTP streams. Lazy: those that a filter is not given are not compiled. */
export class StreamHeaders {
  @lazy static readonly ofRequest: HeaderMap = new HeaderMap(MAP_HTTP_REQUEST_HEADERS);
  @lazy static readonly ofResponse: HeaderMap = new HeaderMap(MAP_HTTP_RESPONSE_HEADERS);
}

/** The same of what follows bodies. */
export class StreamTrailers {
  @lazy static readonly ofRequest: HeaderMap = new HeaderMap(MAP_HTTP_REQUEST_TRAILERS);
  @lazy static readonly ofResponse: HeaderMap = new HeaderMap(MAP_HTTP_RESPONSE_TRAILERS);
}
