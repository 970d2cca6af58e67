import type { CodecError } from "../../../contracts/http/codec.ts";
import { ErrorCode } from "./frame.ts";

/** What ends a connection: what the codec's owner is told, and what the peer's GOAWAY says. */
export interface Http2Error extends CodecError {
  readonly errorCode: ErrorCode;
}

function http2Error(errorCode: ErrorCode, details: string, message: string): Http2Error {
  return Object.freeze({ code: 400, errorCode, details, message: `HTTP/2: ${message}` });
}

/** A frame that breaks a rule of RFC 9113. */
export function protocolError(message: string): Http2Error {
  return http2Error(ErrorCode.ProtocolError, Http2Details.ProtocolViolation, message);
}

export function frameSizeError(message: string): Http2Error {
  return http2Error(ErrorCode.FrameSizeError, Http2Details.ProtocolViolation, message);
}

export function flowControlError(message: string): Http2Error {
  return http2Error(ErrorCode.FlowControlError, Http2Details.ProtocolViolation, message);
}

export function streamClosedError(message: string): Http2Error {
  return http2Error(ErrorCode.StreamClosed, Http2Details.ProtocolViolation, message);
}

export function compressionError(message: string): Http2Error {
  return http2Error(ErrorCode.CompressionError, Http2Details.ProtocolViolation, message);
}

/** A message that is framed well and means nothing (RFC 9113 section 8.1.1). */
export function messageError(details: string, message: string): Http2Error {
  return http2Error(ErrorCode.ProtocolError, details, message);
}

/** `%RESPONSE_CODE_DETAILS%`, with Envoy's names where it has them. */
export const Http2Details = {
  /** Ours: Envoy has a name for each of its library's errors. */
  ProtocolViolation: "http2.protocol_violation",
  InvalidHeader: "http2.invalid.header.field",
  MessagingViolation: "http2.violation.of.messaging.rule",
  TooManyHeaders: "http2.too_many_headers",
  Underscore: "http2.unexpected_underscore",
  RemoteReset: "http2.remote_reset",
  RemoteRefused: "http2.remote_refuse",
  /** Ours. */
  ContentLength: "http2.content_length_mismatch",
} as const;

const calm = ErrorCode.EnhanceYourCalm;

/** A peer that makes us work or remember without end. */
export const floodErrors = {
  emptyFrames: http2Error(
    calm,
    "http2.inbound_empty_frames_flood",
    "too many consecutive frames with an empty payload",
  ),
  priority: http2Error(calm, "http2.inbound_priority_frames_flood", "too many PRIORITY frames"),
  windowUpdate: http2Error(
    calm,
    "http2.inbound_window_update_frames_flood",
    "too many WINDOW_UPDATE frames",
  ),
  outbound: http2Error(
    calm,
    "http2.outbound_frames_flood",
    "too many frames wait for a peer that does not read",
  ),
  outboundControl: http2Error(
    calm,
    "http2.outbound_control_frames_flood",
    "too many control frames wait for a peer that does not read",
  ),
  metadata: http2Error(
    calm,
    "http2.metadata_flood",
    "METADATA of all open streams is above initial_connection_window_size",
  ),
  continuation: http2Error(
    calm,
    "http2.continuation_flood",
    "a header block has too many frames or bytes",
  ),
} as const;
