import { StreamResetReason } from "../../contracts/http/codec.ts";
import { ResponseFlag } from "../../contracts/stream-info.ts";
import type { PoolFailureReason } from "../../contracts/upstream/cluster.ts";

/** What the pool's failure means to the request. */
export function poolFailureReset(reason: PoolFailureReason): StreamResetReason {
  switch (reason) {
    case "overflow":
      return StreamResetReason.Overflow;
    case "local_connection_failure":
      return StreamResetReason.LocalConnectionFailure;
    case "remote_connection_failure":
      return StreamResetReason.RemoteConnectionFailure;
    case "timeout":
      return StreamResetReason.ConnectionTimeout;
  }
}

const flags: { readonly [reason in StreamResetReason]: ResponseFlag } = {
  [StreamResetReason.LocalReset]: ResponseFlag.LocalReset,
  [StreamResetReason.LocalRefusedStreamReset]: ResponseFlag.LocalReset,
  [StreamResetReason.RemoteReset]: ResponseFlag.UpstreamRemoteReset,
  [StreamResetReason.RemoteRefusedStreamReset]: ResponseFlag.UpstreamRemoteReset,
  [StreamResetReason.ConnectError]: ResponseFlag.UpstreamRemoteReset,
  [StreamResetReason.LocalConnectionFailure]: ResponseFlag.UpstreamConnectionFailure,
  [StreamResetReason.RemoteConnectionFailure]: ResponseFlag.UpstreamConnectionFailure,
  [StreamResetReason.ConnectionTimeout]: ResponseFlag.UpstreamConnectionFailure,
  [StreamResetReason.ConnectionTermination]: ResponseFlag.UpstreamConnectionTermination,
  [StreamResetReason.Http1PrematureUpstreamHalfClose]: ResponseFlag.UpstreamConnectionTermination,
  [StreamResetReason.Overflow]: ResponseFlag.UpstreamOverflow,
  [StreamResetReason.ProtocolError]: ResponseFlag.UpstreamProtocolError,
  [StreamResetReason.OverloadManager]: ResponseFlag.OverloadManagerTerminated,
};

/** The response flag of a request whose upstream stream was reset. */
export function resetFlag(reason: StreamResetReason): ResponseFlag {
  return flags[reason];
}

/** `%RESPONSE_CODE_DETAILS%` of such a request; `what`: what more is known of the reason, may be empty. */
export function resetDetails(
  reason: StreamResetReason,
  what: string,
  responseStarted: boolean,
): string {
  const when = responseStarted ? "after_response_started" : "before_response_started";
  const more = what === "" ? "" : `|${what}`;
  return `upstream_reset_${when}{${reason}${more}}`.replaceAll(/\s/g, "_");
}
