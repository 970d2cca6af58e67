import { Body } from "../hostcall/body";
import { HeaderMap } from "../hostcall/headers";
import { DataStatus, HeadersStatus, TrailersStatus } from "../status";

/**
 * One HTTP stream. Override what you need; `Plugin.createHttpFilter` makes one for each request. The maps and
 * bodies given to a callback can be used in it only.
 */
export class HttpFilter {
  onRequestHeaders(_headers: HeaderMap, _endOfStream: bool): HeadersStatus {
    return HeadersStatus.Continue;
  }

  onRequestBody(_body: Body, _endOfStream: bool): DataStatus {
    return DataStatus.Continue;
  }

  onRequestTrailers(_trailers: HeaderMap): TrailersStatus {
    return TrailersStatus.Continue;
  }

  onResponseHeaders(_headers: HeaderMap, _endOfStream: bool): HeadersStatus {
    return HeadersStatus.Continue;
  }

  onResponseBody(_body: Body, _endOfStream: bool): DataStatus {
    return DataStatus.Continue;
  }

  onResponseTrailers(_trailers: HeaderMap): TrailersStatus {
    return TrailersStatus.Continue;
  }

  /** The stream has ended; request and response headers can be read once more. */
  onLog(): void {}
}
