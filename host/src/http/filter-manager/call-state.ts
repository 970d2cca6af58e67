/** Bits of `FilterManager.callState`: which filter callbacks are on the stack. */
export const CallState = {
  DecodeHeaders: 1 << 0,
  DecodeData: 1 << 1,
  DecodeTrailers: 1 << 2,
  Encode1xxHeaders: 1 << 3,
  EncodeHeaders: 1 << 4,
  EncodeData: 1 << 5,
  EncodeTrailers: 1 << 6,
  /** The callback on the stack was shown the end of the message: trailers may be added to it. */
  DecodeEndOfStream: 1 << 7,
  EncodeEndOfStream: 1 << 8,
  DecodeMetadata: 1 << 9,
  EncodeMetadata: 1 << 10,
} as const;

export const decodingMask =
  CallState.DecodeHeaders |
  CallState.DecodeData |
  CallState.DecodeTrailers |
  CallState.DecodeMetadata;
export const encodingMask =
  CallState.Encode1xxHeaders |
  CallState.EncodeHeaders |
  CallState.EncodeData |
  CallState.EncodeTrailers |
  CallState.EncodeMetadata;
