import type { DataBuffer } from "../buffer.ts";
import type { RequestHeaderMap, ResponseHeaderMap, TrailerMap } from "../headers.ts";
import type { MetadataMap } from "./metadata.ts";

/** Why a stream ended early (Envoy: `Http::StreamResetReason`). */
export const StreamResetReason = {
  LocalReset: "local reset",
  LocalRefusedStreamReset: "local refused stream reset",
  RemoteReset: "remote reset",
  RemoteRefusedStreamReset: "remote refused stream reset",
  LocalConnectionFailure: "local connection failure",
  RemoteConnectionFailure: "remote connection failure",
  ConnectionTimeout: "connection timeout",
  ConnectionTermination: "connection termination",
  Overflow: "overflow",
  ConnectError: "remote error with CONNECT request",
  ProtocolError: "protocol error",
  OverloadManager: "overload manager reset",
  Http1PrematureUpstreamHalfClose: "HTTP/1 premature upstream half close",
} as const;
export type StreamResetReason = (typeof StreamResetReason)[keyof typeof StreamResetReason];

/** Told about one stream of a codec. After `onResetStream` nothing else is called. */
export interface StreamCallbacks {
  /** `details`: the codec's detail name or a transport failure reason; empty when none. */
  onResetStream(reason: StreamResetReason, details: string): void;
  /** The stream's write side is above (below) its buffer limit: stop (go on) encoding. */
  onAboveWriteBufferHighWatermark(): void;
  onBelowWriteBufferLowWatermark(): void;
}

/** One exchange on a codec, seen from its encoder. */
export interface CodecStream {
  addCallbacks(callbacks: StreamCallbacks): void;
  removeCallbacks(callbacks: StreamCallbacks): void;
  /** Ends the stream; HTTP/1 closes the connection. Callbacks get `onResetStream`. */
  resetStream(reason: StreamResetReason): void;
  /** Nested: stops (resumes) the delivery of data of this stream. */
  readDisable(disable: boolean): void;
  /** Bytes that may be pending in the write direction before the watermark; 0 = no limit. */
  readonly bufferLimit: number;
  /** Codec-level reason for the last failure, e.g. `http1.codec_error`; empty when none. */
  readonly responseDetails: string;
  /** Wire bytes of the head and the whole message, as far as it went. */
  readonly bytesMeter: BytesMeter;
  /** How long what was encoded may wait for the peer's window once the stream has ended here; 0 = for ever. */
  setFlushTimeout?(ms: number): void;
}

/** Bytes on the wire of one stream. */
export interface BytesMeter {
  headerBytesSent: number;
  headerBytesReceived: number;
  wireBytesSent: number;
  wireBytesReceived: number;
}

/** Takes a response for the wire. Calls in the order 1xx*, headers, data*, trailers?; one of them ends it. */
export interface ResponseEncoder {
  readonly stream: CodecStream;
  encode1xxHeaders(headers: ResponseHeaderMap): void;
  /** The map must have a `:status`. It is read, not kept. */
  encodeHeaders(headers: ResponseHeaderMap, endStream: boolean): void;
  /** Drains `data`. */
  encodeData(data: DataBuffer, endStream: boolean): void;
  encodeTrailers(trailers: TrailerMap): void;
  /** Any time before the end; overtakes data that waits for the peer. Goes nowhere where the peer has no use for it. */
  encodeMetadata(metadata: MetadataMap): void;
}

/** Takes a request for the wire. */
export interface RequestEncoder {
  readonly stream: CodecStream;
  /** A message when a required header (`:method`, `:path`) is missing or a value cannot stand on the wire. */
  encodeHeaders(headers: RequestHeaderMap, endStream: boolean): string | undefined;
  encodeData(data: DataBuffer, endStream: boolean): void;
  encodeTrailers(trailers: TrailerMap): void;
  /** As with responses, but not before the head. */
  encodeMetadata(metadata: MetadataMap): void;
}

/** Receives a request from the wire. */
export interface RequestDecoder {
  /** The head is complete and valid. `:method`, `:path` are set; `:authority` unless the client sent no Host. */
  decodeHeaders(headers: RequestHeaderMap, endStream: boolean): void;
  decodeData(data: DataBuffer, endStream: boolean): void;
  decodeTrailers(trailers: TrailerMap): void;
  /** Behind the head and before the end. There is at least one entry. */
  decodeMetadata?(metadata: MetadataMap): void;
  /**
   * The codec refuses the request: answer directly and close. Called before `decodeHeaders`, or after it for
   * a body whose framing is broken.
   */
  sendLocalReply(code: number, body: string, details: string): void;
}

/** Receives a response from the wire. */
export interface ResponseDecoder {
  decode1xxHeaders(headers: ResponseHeaderMap): void;
  decodeHeaders(headers: ResponseHeaderMap, endStream: boolean): void;
  decodeData(data: DataBuffer, endStream: boolean): void;
  decodeTrailers(trailers: TrailerMap): void;
  /** Before the end, and perhaps before the head. There is at least one entry. */
  decodeMetadata?(metadata: MetadataMap): void;
}

/** The bytes broke the protocol; the connection must be closed. */
export interface CodecError {
  /** 400, 413, 426, 431, 501. Downstream: already answered by the codec when it could be. */
  readonly code: number;
  /** `http1.codec_error`, … (Envoy's details). */
  readonly details: string;
  /** For the log. */
  readonly message: string;
}

/** A codec on a connection: bytes in by `dispatch`, bytes out through the connection. */
export interface CodecConnection {
  /** `HTTP/1.1`, `HTTP/2`. */
  readonly protocol: string;
  /**
   * Consumes what it can of `data`. While a stream is read-disabled, or a pipelined request must wait, bytes
   * stay in `data` and the caller presents them again. An error: the connection is beyond use.
   */
  dispatch(data: DataBuffer): CodecError | undefined;
  /** The peer's FIN arrived. Ends a response that is framed by connection close; else an error. */
  onEndOfInput(): CodecError | undefined;
  /**
   * The connection is about to be closed, but what comes until then is served. HTTP/1 sends `connection: close`
   * with the next response, HTTP/2 a GOAWAY that names no last stream.
   */
  shutdownNotice(): void;
  /** No more requests: HTTP/1 as above; HTTP/2 sends a GOAWAY and refuses streams that begin after it. */
  goAway(): void;
  /** The connection's write buffer crossed a watermark; passed on to the streams. */
  onUnderlyingConnectionAboveWriteBufferHighWatermark(): void;
  onUnderlyingConnectionBelowWriteBufferLowWatermark(): void;
  /** The connection is gone: every open stream gets `onResetStream`. */
  onConnectionClosed(reason: StreamResetReason, details: string): void;
}

/** Server side. */
export interface ServerConnection extends CodecConnection {
  /** True when the connection cannot take another request after the current one. */
  readonly closing: boolean;
  /** Several requests at a time, each of which can end on its own. */
  readonly multiplexes: boolean;
  /**
   * Gives the shutdown notice; calls `onDrained` when every request has arrived that the client sent before it
   * read the notice. Only codecs that can find out have it.
   */
  drain?(onDrained: () => void): void;
}

/** Makes the decoder of each request. */
export interface ServerConnectionCallbacks {
  /** A request begins (its first byte after the previous one ended). */
  newStream(encoder: ResponseEncoder): RequestDecoder;
}

/** Client side. */
export interface ClientConnectionCodec extends CodecConnection {
  /** Begins a request; HTTP/1 has at most one open. */
  newStream(decoder: ResponseDecoder): RequestEncoder;
  /** True when the peer (or an error) makes the connection unfit for another request. */
  readonly closing: boolean;
  readonly activeStreams: number;
}

/** Limits and switches of HTTP/1 (`Http1ProtocolOptions` and common options). */
export interface Http1Settings {
  /** Bytes of request line plus all fields; default 60 KiB. */
  readonly maxHeadersBytes: number;
  /** Fields in a head or in trailers; default 100. */
  readonly maxHeadersCount: number;
  readonly acceptHttp10: boolean;
  readonly defaultHostForHttp10: string;
  readonly allowAbsoluteUrl: boolean;
  readonly enableTrailers: boolean;
  readonly allowChunkedLength: boolean;
  /** How field names are written: as they are (lower case) or `Proper-Case`. */
  readonly headerKeyFormat: "default" | "proper-case";
  readonly underscoresInHeaders: "allow" | "reject" | "drop";
  /** Keep the connection after a refused but complete request. */
  readonly streamErrorOnInvalidHttpMessage: boolean;
  /** Requests may ask for another protocol: what follows such a one is not HTTP. Downstream only. */
  readonly upgrades?: boolean;
}

/** Limits and switches of HTTP/2 (`Http2ProtocolOptions` and common options). */
export interface Http2Settings {
  /** Bytes of one direction's HPACK table; default 4096. */
  readonly hpackTableSize: number;
  /** Streams that the peer may have open; default 1024. */
  readonly maxConcurrentStreams: number;
  /** Bytes that we take of one stream, and of all, before they are consumed; defaults 16 and 24 MiB. */
  readonly initialStreamWindowSize: number;
  readonly initialConnectionWindowSize: number;
  /** CONNECT, and extended CONNECT (RFC 8441). */
  readonly allowConnect: boolean;
  /** METADATA frames are read and sent; else they are passed over. */
  readonly allowMetadata: boolean;
  /** Bytes of all METADATA frames of one stream that are taken; default 1 MiB. */
  readonly maxMetadataBytes: number;
  /** Frames of any kind, and control frames, that wait for a peer that does not read; defaults 10,000 and 1000. */
  readonly maxOutboundFrames: number;
  readonly maxOutboundControlFrames: number;
  /** Default 1. */
  readonly maxConsecutiveInboundFramesWithEmptyPayload: number;
  /** Default 100. */
  readonly maxInboundPriorityFramesPerStream: number;
  /** Default 10. */
  readonly maxInboundWindowUpdateFramesPerDataFrameSent: number;
  /** A malformed message ends only its stream; default false: the connection. */
  readonly streamErrorOnInvalidHttpMessage: boolean;
  readonly customSettings: readonly { readonly identifier: number; readonly value: number }[];
  readonly keepalive: Http2Keepalive;
  readonly huffman: boolean;
  /** Bytes above 0x7f in values make a message malformed. */
  readonly disallowObsText: boolean;
  /** Bytes of one name or value; default 64 KiB. */
  readonly maxHeaderFieldBytes: number;
  /** Bytes of all fields of a head or of trailers. */
  readonly maxHeadersBytes: number;
  /** Fields in a head or in trailers; default 100. */
  readonly maxHeadersCount: number;
  readonly underscoresInHeaders: "allow" | "reject" | "drop";
}

/** PINGs that find out whether the peer is still there (`KeepaliveSettings`). Milliseconds; 0 = off. */
export interface Http2Keepalive {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Percent of the interval, added at random at most. */
  readonly intervalJitterPercent: number;
  /** A connection that was idle for so long is asked before it gets another request. */
  readonly connectionIdleIntervalMs: number;
}
