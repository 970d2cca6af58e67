/** Numbers of RFC 9113 (and RFC 8441). */

export const FrameType = {
  Data: 0,
  Headers: 1,
  Priority: 2,
  RstStream: 3,
  Settings: 4,
  PushPromise: 5,
  Ping: 6,
  GoAway: 7,
  WindowUpdate: 8,
  Continuation: 9,
  /** An extension: entries beside a message. */
  Metadata: 0x4d,
} as const;

/** Flags share their bits between types. */
export const FrameFlag = {
  EndStream: 0x1,
  Ack: 0x1,
  EndHeaders: 0x4,
  EndMetadata: 0x4,
  Padded: 0x8,
  Priority: 0x20,
} as const;

/** RFC 9113 section 7. */
export const ErrorCode = {
  NoError: 0,
  ProtocolError: 1,
  InternalError: 2,
  FlowControlError: 3,
  StreamClosed: 5,
  FrameSizeError: 6,
  RefusedStream: 7,
  Cancel: 8,
  CompressionError: 9,
  ConnectError: 10,
  EnhanceYourCalm: 11,
} as const;
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];

export const SettingId = {
  HeaderTableSize: 1,
  EnablePush: 2,
  MaxConcurrentStreams: 3,
  InitialWindowSize: 4,
  MaxFrameSize: 5,
  MaxHeaderListSize: 6,
  /** RFC 8441. */
  EnableConnectProtocol: 8,
} as const;

export const frameHeaderBytes = 9;
/** What a peer may send, since we do not ask for more. */
export const frameBytesMost = 16_384;
export const windowDefault = 65_535;
export const windowMost = 2 ** 31 - 1;
export const streamIdMost = 2 ** 31 - 1;
/** What a client sends first (RFC 9113 section 3.4). */
export const clientPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
