import type { Counter, Gauge, StatsScope } from "../../../contracts/stats.ts";

/** The counters of a codec: `http2.*` of the process downstream, `cluster.<name>.http2.*` upstream. */
export interface Http2CodecStats {
  readonly droppedHeadersWithUnderscores: Counter;
  readonly goawaySent: Counter;
  readonly headerOverflow: Counter;
  readonly inboundEmptyFramesFlood: Counter;
  readonly inboundPriorityFramesFlood: Counter;
  readonly inboundWindowUpdateFramesFlood: Counter;
  readonly keepaliveTimeout: Counter;
  readonly metadataEmptyFrames: Counter;
  readonly outboundControlFlood: Counter;
  readonly outboundFlood: Counter;
  readonly requestsRejectedWithUnderscoresInHeaders: Counter;
  readonly rxMessagingError: Counter;
  readonly rxReset: Counter;
  readonly streamRefusedErrors: Counter;
  readonly trailers: Counter;
  readonly txFlushTimeout: Counter;
  readonly txReset: Counter;
  readonly outboundControlFramesActive: Gauge;
  readonly outboundFramesActive: Gauge;
  readonly pendingSendBytes: Gauge;
  readonly streamsActive: Gauge;
}

/** Below `scope`, with Envoy's names. */
export function createHttp2CodecStats(scope: StatsScope): Http2CodecStats {
  return {
    droppedHeadersWithUnderscores: scope.counter("dropped_headers_with_underscores"),
    goawaySent: scope.counter("goaway_sent"),
    headerOverflow: scope.counter("header_overflow"),
    inboundEmptyFramesFlood: scope.counter("inbound_empty_frames_flood"),
    inboundPriorityFramesFlood: scope.counter("inbound_priority_frames_flood"),
    inboundWindowUpdateFramesFlood: scope.counter("inbound_window_update_frames_flood"),
    keepaliveTimeout: scope.counter("keepalive_timeout"),
    metadataEmptyFrames: scope.counter("metadata_empty_frames"),
    outboundControlFlood: scope.counter("outbound_control_flood"),
    outboundFlood: scope.counter("outbound_flood"),
    requestsRejectedWithUnderscoresInHeaders: scope.counter(
      "requests_rejected_with_underscores_in_headers",
    ),
    rxMessagingError: scope.counter("rx_messaging_error"),
    rxReset: scope.counter("rx_reset"),
    streamRefusedErrors: scope.counter("stream_refused_errors"),
    trailers: scope.counter("trailers"),
    txFlushTimeout: scope.counter("tx_flush_timeout"),
    txReset: scope.counter("tx_reset"),
    outboundControlFramesActive: scope.gauge("outbound_control_frames_active"),
    outboundFramesActive: scope.gauge("outbound_frames_active"),
    pendingSendBytes: scope.gauge("pending_send_bytes"),
    streamsActive: scope.gauge("streams_active"),
  };
}
