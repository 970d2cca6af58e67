import { Body, StreamBodies } from "../hostcall/body";
import { HeaderMap, StreamHeaders } from "../hostcall/headers";
import { DataStatus, HeadersStatus, TrailersStatus } from "../status";
import { Stream } from "./stream";

/**
 * One HTTP stream. Override what you need; `Plugin.createHttpFilter` makes one for each request. What a callback is
 * given it need not keep: `requestHeaders` and the like are the same, also when a callout is answered.
 */
export class HttpFilter extends Stream {
  /** In all callbacks of the stream and of its callouts; changes count until they have gone on. */
  get requestHeaders(): HeaderMap {
    return StreamHeaders.ofRequest;
  }

  /** As soon as there are some. */
  get responseHeaders(): HeaderMap {
    return StreamHeaders.ofResponse;
  }

  /** What has been held of it. `size` is that of the last `onRequestBody`. */
  get requestBody(): Body {
    return StreamBodies.ofRequest;
  }

  /** What has been held of it. `size` is that of the last `onResponseBody`. */
  get responseBody(): Body {
    return StreamBodies.ofResponse;
  }

  onRequestHeaders(_headers: HeaderMap, _endOfStream: bool): HeadersStatus {
    return HeadersStatus.Continue;
  }

  onRequestBody(_body: Body, _endOfStream: bool): DataStatus {
    return DataStatus.Continue;
  }

  onRequestTrailers(_trailers: HeaderMap): TrailersStatus {
    return TrailersStatus.Continue;
  }

  /** METADATA of HTTP/2 (`allow_metadata`); `count` entries, which no host shows. It goes on in any case. */
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
