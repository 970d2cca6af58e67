import { OwnedBuffer } from "../../host/src/common/data-buffer.ts";
import type { DataBuffer } from "../../host/src/contracts/buffer.ts";
import type { HeaderMap } from "../../host/src/contracts/headers.ts";
import type {
  Http1Settings,
  RequestDecoder,
  ResponseDecoder,
  ResponseEncoder,
  StreamCallbacks,
  StreamResetReason,
} from "../../host/src/contracts/http/codec.ts";
import type { Counter } from "../../host/src/contracts/stats.ts";
import type { Http1CodecStats } from "../../host/src/http/codec/http1/stats.ts";

/** Envoy's defaults. */
export const defaultSettings: Http1Settings = {
  maxHeadersBytes: 60 * 1024,
  maxHeadersCount: 100,
  acceptHttp10: false,
  defaultHostForHttp10: "",
  allowAbsoluteUrl: true,
  enableTrailers: false,
  allowChunkedLength: false,
  headerKeyFormat: "default",
  underscoresInHeaders: "allow",
  streamErrorOnInvalidHttpMessage: false,
};

class PlainCounter implements Counter {
  readonly name = "";
  value = 0;
  inc(): void {
    this.value += 1;
  }
  add(amount: number): void {
    this.value += amount;
  }
}

export function codecStats(): Http1CodecStats {
  return {
    droppedHeadersWithUnderscores: new PlainCounter(),
    requestsRejectedWithUnderscoresInHeaders: new PlainCounter(),
    metadataNotSupportedError: new PlainCounter(),
    responseFlood: new PlainCounter(),
  };
}

/** Bytes, one per character, as a buffer of one chunk. */
export function bytes(text: string): OwnedBuffer {
  return OwnedBuffer.latin1(text);
}

export function entriesOf(headers: HeaderMap): [string, string][] {
  const entries: [string, string][] = [];
  for (let i = 0; i < headers.size; i += 1) entries.push([headers.nameAt(i), headers.valueAt(i)]);
  return entries;
}

/** What came out of a decoder, as text: one line per call, data of neighbouring calls joined. */
export class EventLog {
  readonly events: string[] = [];
  #body = "";
  #hasBody = false;

  headers(kind: string, headers: HeaderMap, endStream: boolean): void {
    this.#flush();
    this.events.push(`${kind} ${JSON.stringify(entriesOf(headers))}${endStream ? " end" : ""}`);
  }

  data(data: DataBuffer, endStream: boolean): void {
    this.#body += data.toBuffer().toString("latin1");
    this.#hasBody = true;
    data.drain(data.length);
    if (!endStream) return;
    this.#flush();
    this.events.push("end");
  }

  note(text: string): void {
    this.#flush();
    this.events.push(text);
  }

  #flush(): void {
    if (this.#hasBody && this.#body !== "") this.events.push(`data ${JSON.stringify(this.#body)}`);
    this.#body = "";
    this.#hasBody = false;
  }
}

/** A request as a test sees it; answers nothing by itself. */
export class RecordedRequest implements RequestDecoder, StreamCallbacks {
  readonly encoder: ResponseEncoder;
  readonly log = new EventLog();
  headers: HeaderMap | undefined = undefined;
  trailers: HeaderMap | undefined = undefined;
  body = "";
  complete = false;
  reset: { reason: StreamResetReason; details: string } | undefined = undefined;
  localReply: { code: number; body: string; details: string } | undefined = undefined;
  onHeaders: ((request: RecordedRequest, endStream: boolean) => void) | undefined = undefined;
  onComplete: ((request: RecordedRequest) => void) | undefined = undefined;
  aboveHighWatermark = 0;
  belowLowWatermark = 0;

  constructor(encoder: ResponseEncoder) {
    this.encoder = encoder;
    encoder.stream.addCallbacks(this);
  }

  decodeHeaders(headers: HeaderMap, endStream: boolean): void {
    this.headers = headers;
    this.log.headers("request", headers, endStream);
    this.complete = endStream;
    this.onHeaders?.(this, endStream);
    if (endStream) this.onComplete?.(this);
  }

  decodeData(data: DataBuffer, endStream: boolean): void {
    this.body += data.toBuffer().toString("latin1");
    this.log.data(data, endStream);
    this.complete = endStream;
    if (endStream) this.onComplete?.(this);
  }

  decodeTrailers(trailers: HeaderMap): void {
    this.trailers = trailers;
    this.log.headers("trailers", trailers, true);
    this.complete = true;
    this.onComplete?.(this);
  }

  sendLocalReply(code: number, body: string, details: string): void {
    this.localReply = { code, body, details };
    this.log.note(`reply ${code} ${body} ${details}`);
  }

  onResetStream(reason: StreamResetReason, details: string): void {
    this.reset = { reason, details };
    this.log.note(`reset ${reason} ${details}`);
  }

  onAboveWriteBufferHighWatermark(): void {
    this.aboveHighWatermark += 1;
  }

  onBelowWriteBufferLowWatermark(): void {
    this.belowLowWatermark += 1;
  }
}

/** A response as a test sees it. */
export class RecordedResponse implements ResponseDecoder, StreamCallbacks {
  readonly log = new EventLog();
  interim: HeaderMap[] = [];
  headers: HeaderMap | undefined = undefined;
  trailers: HeaderMap | undefined = undefined;
  body = "";
  complete = false;
  reset: { reason: StreamResetReason; details: string } | undefined = undefined;

  decode1xxHeaders(headers: HeaderMap): void {
    this.interim.push(headers);
    this.log.headers("interim", headers, false);
  }

  decodeHeaders(headers: HeaderMap, endStream: boolean): void {
    this.headers = headers;
    this.complete = endStream;
    this.log.headers("response", headers, endStream);
  }

  decodeData(data: DataBuffer, endStream: boolean): void {
    this.body += data.toBuffer().toString("latin1");
    this.complete = endStream;
    this.log.data(data, endStream);
  }

  decodeTrailers(trailers: HeaderMap): void {
    this.trailers = trailers;
    this.complete = true;
    this.log.headers("trailers", trailers, true);
  }

  onResetStream(reason: StreamResetReason, details: string): void {
    this.reset = { reason, details };
    this.log.note(`reset ${reason} ${details}`);
  }

  onAboveWriteBufferHighWatermark(): void {}
  onBelowWriteBufferLowWatermark(): void {}
}
