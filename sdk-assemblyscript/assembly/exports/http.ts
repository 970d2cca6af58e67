// What happens to HTTP streams.

import { filterOf } from "../filter/registry";
import { requestBody, responseBody } from "../hostcall/body";
import {
  requestHeaders,
  requestTrailers,
  responseHeaders,
  responseTrailers,
} from "../hostcall/headers";

export function proxy_on_request_headers(id: u32, _count: u32, endOfStream: u32): u32 {
  return filterOf(id).onRequestHeaders(requestHeaders, endOfStream != 0);
}

export function proxy_on_request_body(id: u32, size: u32, endOfStream: u32): u32 {
  requestBody.size = size;
  return filterOf(id).onRequestBody(requestBody, endOfStream != 0);
}

export function proxy_on_request_trailers(id: u32, _count: u32): u32 {
  return filterOf(id).onRequestTrailers(requestTrailers);
}

export function proxy_on_request_metadata(id: u32, count: u32): u32 {
  filterOf(id).onRequestMetadata(count);
  return 0;
}

export function proxy_on_response_headers(id: u32, _count: u32, endOfStream: u32): u32 {
  return filterOf(id).onResponseHeaders(responseHeaders, endOfStream != 0);
}

export function proxy_on_response_body(id: u32, size: u32, endOfStream: u32): u32 {
  responseBody.size = size;
  return filterOf(id).onResponseBody(responseBody, endOfStream != 0);
}

export function proxy_on_response_trailers(id: u32, _count: u32): u32 {
  return filterOf(id).onResponseTrailers(responseTrailers);
}

export function proxy_on_response_metadata(id: u32, count: u32): u32 {
  filterOf(id).onResponseMetadata(count);
  return 0;
}
