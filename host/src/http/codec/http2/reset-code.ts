import { StreamResetReason } from "../../../contracts/http/codec.ts";
import { ErrorCode } from "./frame.ts";

const codes: { readonly [reason in StreamResetReason]?: ErrorCode } = {
  [StreamResetReason.LocalRefusedStreamReset]: ErrorCode.RefusedStream,
  [StreamResetReason.ConnectError]: ErrorCode.ConnectError,
  [StreamResetReason.ProtocolError]: ErrorCode.ProtocolError,
};

/** What RST_STREAM says of a reason; `otherwise` when the protocol has no word for it. */
export function resetCode(reason: StreamResetReason, otherwise: ErrorCode): ErrorCode {
  return codes[reason] ?? otherwise;
}

/** Why a stream ended that the peer reset with `code`. */
export function reasonOf(code: number): StreamResetReason {
  switch (code) {
    case ErrorCode.RefusedStream:
      return StreamResetReason.RemoteRefusedStreamReset;
    case ErrorCode.ConnectError:
      return StreamResetReason.ConnectError;
    case ErrorCode.ProtocolError:
      return StreamResetReason.ProtocolError;
    default:
      return StreamResetReason.RemoteReset;
  }
}
