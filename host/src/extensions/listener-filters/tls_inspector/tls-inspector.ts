import { storeMetadata } from "../../../common/dynamic-metadata.ts";
import { FilterStatus } from "../../../contracts/network/filter.ts";
import type {
  ListenerFilter,
  ListenerFilterBuffer,
  ListenerFilterCallbacks,
} from "../../../contracts/network/listener-filter.ts";
import type { Counter, Histogram, StatsScope } from "../../../contracts/stats.ts";
import { readClientHello, type ClientHello } from "./client-hello.ts";
import { readBytesMax } from "./config.ts";

/** `tls_inspector.` */
export interface TlsInspectorStats {
  readonly clientHelloTooLarge: Counter;
  readonly tlsFound: Counter;
  readonly tlsNotFound: Counter;
  readonly alpnFound: Counter;
  readonly alpnNotFound: Counter;
  readonly sniFound: Counter;
  readonly sniNotFound: Counter;
  readonly bytesProcessed: Histogram;
}

export function tlsInspectorStats(root: StatsScope): TlsInspectorStats {
  const scope = root.scope("tls_inspector");
  return {
    clientHelloTooLarge: scope.counter("client_hello_too_large"),
    tlsFound: scope.counter("tls_found"),
    tlsNotFound: scope.counter("tls_not_found"),
    alpnFound: scope.counter("alpn_found"),
    alpnNotFound: scope.counter("alpn_not_found"),
    sniFound: scope.counter("sni_found"),
    sniNotFound: scope.counter("sni_not_found"),
    bytesProcessed: scope.histogram("bytes_processed", "bytes"),
  };
}

/** BoringSSL's number and name for what came instead of a hello, as Envoy gives them. */
function notTlsReason(bytes: Buffer): string {
  const start = bytes.latin1Slice(0, 5);
  let reason = "100000f7:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER";
  if (/^(GET |POST |HEAD |PUT )/.test(start)) {
    reason = "1000009c:SSL routines:OPENSSL_internal:HTTP_REQUEST";
  } else if (start === "CONNE") {
    reason = "1000009b:SSL routines:OPENSSL_internal:HTTPS_PROXY_REQUEST";
  }
  return `TLS_error|error:${reason}:TLS_error_end`;
}

const metadataNamespace = "envoy.filters.listener.tls_inspector";

/** Finds out whether a client speaks TLS, and what it asks for, before there is a handshake. */
export class TlsInspector implements ListenerFilter {
  maxReadBytes: number;
  readonly #stats: TlsInspectorStats;
  #callbacks!: ListenerFilterCallbacks;

  constructor(stats: TlsInspectorStats, initialReadBytes: number) {
    this.#stats = stats;
    this.maxReadBytes = initialReadBytes;
  }

  onAccept(callbacks: ListenerFilterCallbacks): FilterStatus {
    this.#callbacks = callbacks;
    return FilterStatus.StopIteration;
  }

  onData(buffer: ListenerFilterBuffer): FilterStatus {
    const { bytes } = buffer;
    const hello = readClientHello(bytes);
    if (hello === "more") return this.#waitForMore(bytes.length);
    if (hello === "not tls") {
      this.#stats.tlsNotFound.inc();
      this.#note("ClientHelloNotDetected");
      this.#callbacks.streamInfo.downstreamTransportFailureReason = notTlsReason(bytes);
    } else {
      this.#found(hello);
    }
    return FilterStatus.Continue;
  }

  onClose(): void {
    // Nothing is held.
  }

  #waitForMore(length: number): FilterStatus {
    if (length >= readBytesMax) {
      this.#stats.clientHelloTooLarge.inc();
      this.#note("ClientHelloTooLarge");
      this.#callbacks.continueFilterChain(false);
    } else if (length >= this.maxReadBytes) {
      this.maxReadBytes = Math.min(length * 2, readBytesMax);
    }
    return FilterStatus.StopIteration;
  }

  #found(hello: ClientHello): void {
    const { socket } = this.#callbacks;
    const stats = this.#stats;
    socket.detectedTransportProtocol = "tls";
    stats.tlsFound.inc();
    stats.bytesProcessed.record(hello.length);
    if (hello.serverName === "") stats.sniNotFound.inc();
    else stats.sniFound.inc();
    socket.requestedServerName = hello.serverName;
    if (hello.applicationProtocols.length === 0) stats.alpnNotFound.inc();
    else stats.alpnFound.inc();
    socket.requestedApplicationProtocols = hello.applicationProtocols;
  }

  #note(reason: string): void {
    storeMetadata(this.#callbacks.streamInfo, metadataNamespace, { failure_reason: reason });
  }
}
