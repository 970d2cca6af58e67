import { FilterStatus } from "../../../contracts/network/filter.ts";
import type {
  ListenerFilter,
  ListenerFilterBuffer,
  ListenerFilterCallbacks,
} from "../../../contracts/network/listener-filter.ts";
import type { Counter, StatsScope } from "../../../contracts/stats.ts";
import { isTokenByte, requestLineVersion } from "./request-line.ts";

/** RFC 9113 section 3.4. */
const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");
const initialReadBytes = 8192;
/** Without a line end in that many bytes the socket is closed. */
const readBytesMax = 65_536;
const lineFeed = 10;

/** `http_inspector.` */
export interface HttpInspectorStats {
  readonly readError: Counter;
  readonly http10Found: Counter;
  readonly http11Found: Counter;
  readonly http2Found: Counter;
  readonly httpNotFound: Counter;
}

export function httpInspectorStats(root: StatsScope): HttpInspectorStats {
  const scope = root.scope("http_inspector");
  return {
    readError: scope.counter("read_error"),
    http10Found: scope.counter("http10_found"),
    http11Found: scope.counter("http11_found"),
    http2Found: scope.counter("http2_found"),
    httpNotFound: scope.counter("http_not_found"),
  };
}

/** Finds out which HTTP the client speaks, for filter chains that match `application_protocols`. */
export class HttpInspector implements ListenerFilter {
  maxReadBytes = initialReadBytes;
  readonly #stats: HttpInspectorStats;
  #callbacks!: ListenerFilterCallbacks;
  /** Bytes that are known to hold no line end. */
  #searched = 0;

  constructor(stats: HttpInspectorStats) {
    this.#stats = stats;
  }

  onAccept(callbacks: ListenerFilterCallbacks): FilterStatus {
    this.#callbacks = callbacks;
    const transport = callbacks.socket.detectedTransportProtocol;
    return transport === "" || transport === "raw_buffer"
      ? FilterStatus.StopIteration
      : FilterStatus.Continue;
  }

  onData(buffer: ListenerFilterBuffer): FilterStatus {
    const { bytes } = buffer;
    const common = Math.min(bytes.length, preface.length);
    if (bytes.compare(preface, 0, common, 0, common) === 0) {
      return common === preface.length
        ? this.#found("h2c", this.#stats.http2Found)
        : FilterStatus.StopIteration;
    }
    if (!isTokenByte(bytes[0]!)) return this.#notFound();
    const end = bytes.indexOf(lineFeed, this.#searched);
    if (end < 0) return this.#waitForLineEnd(bytes.length);
    const version = requestLineVersion(bytes.latin1Slice(0, end));
    if (version === undefined) return this.#notFound();
    return version === "1.1"
      ? this.#found("http/1.1", this.#stats.http11Found)
      : this.#found("http/1.0", this.#stats.http10Found);
  }

  onClose(): void {
    // Nothing is held.
  }

  #waitForLineEnd(length: number): FilterStatus {
    this.#searched = length;
    if (length < this.maxReadBytes) return FilterStatus.StopIteration;
    if (this.maxReadBytes < readBytesMax) {
      this.maxReadBytes *= 2;
      return FilterStatus.StopIteration;
    }
    this.#stats.readError.inc();
    this.#callbacks.continueFilterChain(false);
    return FilterStatus.StopIteration;
  }

  #found(protocol: string, counter: Counter): FilterStatus {
    counter.inc();
    this.#callbacks.socket.requestedApplicationProtocols = [protocol];
    return FilterStatus.Continue;
  }

  #notFound(): FilterStatus {
    this.#stats.httpNotFound.inc();
    return FilterStatus.Continue;
  }
}
