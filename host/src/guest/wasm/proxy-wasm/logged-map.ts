import {
  MAP_HTTP_REQUEST_HEADERS,
  MAP_HTTP_RESPONSE_HEADERS,
  MAP_HTTP_RESPONSE_TRAILERS,
} from "@sluice/abi";
import type { HeaderMap } from "../../../contracts/headers.ts";
import type { StreamInfo } from "../../../contracts/stream-info.ts";

/** The map of this type in `on_log`, where request trailers are never there. */
export function loggedMap(stream: StreamInfo, type: number): HeaderMap | undefined {
  switch (type) {
    case MAP_HTTP_REQUEST_HEADERS:
      return stream.requestHeaders;
    case MAP_HTTP_RESPONSE_HEADERS:
      return stream.responseHeaders;
    case MAP_HTTP_RESPONSE_TRAILERS:
      return stream.responseTrailers;
    default:
      return undefined;
  }
}
