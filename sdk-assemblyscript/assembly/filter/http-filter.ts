import { Body } from "../hostcall/body";
import { HeaderMap } from "../hostcall/headers";
import { DataStatus, HeadersStatus, TrailersStatus } from "../status";
import { Stream } from "./stream";

/**
 * One HTTP stream. Override what you need; `Plugin.createHttpFilter` makes one for each request. The maps and
 * bodies given to a callback can be used in it only.
 */
export class HttpFilter extends Stream {
  onRequestHeaders(_headers: HeaderMap, _endOfStream: bool): HeadersStatus {
    return HeadersStatus.Continue;
  }

  onRequestBody(_body: Body, _endOfStream: bool): DataStatus {
    return DataStatus.Continue;
  }

  onRequestTrailers(_trailers: HeaderMap): TrailersStatus {
    return TrailersStatus.Continue;
  }

  /** HTTP/2 METADATA frames; `count` entries. They go on in any case. */
  onRequestMetadata(_count: u32): void {}

  onResponseHeaders(_headers: HeaderMap, _endOfStream: bool): HeadersStatus {
    return HeadersStatus.Continue;
  }

  onResponseBody(_body: Body, _endOfStream: bool): DataStatus {
    return DataStatus.Continue;
  }

  onResponseTrailers(_trailers: HeaderMap): TrailersStatus {
    return TrailersStatus.Continue;
  }

  onResponseMetadata(_count: u32): void {}
}
