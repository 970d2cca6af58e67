// What happens to HTTP streams.

import { filterOf } from "../filter/registry";
import { StreamBodies } from "../hostcall/body";
import { StreamHeaders, StreamTrailers } from "../hostcall/headers";

export function proxy_on_request_headers(id: u32, _count: u32, endOfStream: u32): u32 {
  return filterOf(id).onRequestHeaders(StreamHeaders.ofRequest, endOfStream != 0);
}

export function proxy_on_request_body(id: u32, size: u32, endOfStream: u32): u32 {
  const body = StreamBodies.ofRequest;
  body.size = size;
  return filterOf(id).onRequestBody(body, endOfStream != 0);
}

export function proxy_on_request_trailers(id: u32, _count: u32): u32 {
  return filterOf(id).onRequestTrailers(StreamTrailers.ofRequest);
}

export function proxy_on_request_metadata(id: u32, count: u32): u32 {
  filterOf(id).onRequestMetadata(count);
  return 0;
}

export function proxy_on_response_headers(id: u32, _count: u32, endOfStream: u32): u32 {
  return filterOf(id).onResponseHeaders(StreamHeaders.ofResponse, endOfStream != 0);
}

export function proxy_on_response_body(id: u32, size: u32, endOfStream: u32): u32 {
  const body = StreamBodies.ofResponse;
  body.size = size;
  return filterOf(id).onResponseBody(body, endOfStream != 0);
}

export function proxy_on_response_trailers(id: u32, _count: u32): u32 {
  return filterOf(id).onResponseTrailers(StreamTrailers.ofResponse);
}

export function proxy_on_response_metadata(id: u32, count: u32): u32 {
  filterOf(id).onResponseMetadata(count);
  return 0;
}
