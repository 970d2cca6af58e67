import { ResponseFlag, type StreamInfo } from "../../contracts/stream-info.ts";
import { toByteText } from "../byte-text.ts";
import {
  bare,
  foreignText,
  type FormatterProvider,
  numeric,
  type OperatorFactory,
  type OperatorTable,
  plainText,
  refuse,
  withArgument,
  withoutLength,
} from "../provider.ts";

/** Short and long names by bit, in Envoy's print order. */
const flagNames: readonly (readonly [bit: number, short: string, long: string])[] = [
  [ResponseFlag.FailedLocalHealthCheck, "LH", "FailedLocalHealthCheck"],
  [ResponseFlag.NoHealthyUpstream, "UH", "NoHealthyUpstream"],
  [ResponseFlag.UpstreamRequestTimeout, "UT", "UpstreamRequestTimeout"],
  [ResponseFlag.LocalReset, "LR", "LocalReset"],
  [ResponseFlag.UpstreamRemoteReset, "UR", "UpstreamRemoteReset"],
  [ResponseFlag.UpstreamConnectionFailure, "UF", "UpstreamConnectionFailure"],
  [ResponseFlag.UpstreamConnectionTermination, "UC", "UpstreamConnectionTermination"],
  [ResponseFlag.UpstreamOverflow, "UO", "UpstreamOverflow"],
  [ResponseFlag.NoRouteFound, "NR", "NoRouteFound"],
  [ResponseFlag.DelayInjected, "DI", "DelayInjected"],
  [ResponseFlag.FaultInjected, "FI", "FaultInjected"],
  [ResponseFlag.RateLimited, "RL", "RateLimited"],
  [ResponseFlag.UnauthorizedExternalService, "UAEX", "UnauthorizedExternalService"],
  [ResponseFlag.RateLimitServiceError, "RLSE", "RateLimitServiceError"],
  [ResponseFlag.DownstreamConnectionTermination, "DC", "DownstreamConnectionTermination"],
  [ResponseFlag.UpstreamRetryLimitExceeded, "URX", "UpstreamRetryLimitExceeded"],
  [ResponseFlag.StreamIdleTimeout, "SI", "StreamIdleTimeout"],
  [ResponseFlag.InvalidEnvoyRequestHeaders, "IH", "InvalidEnvoyRequestHeaders"],
  [ResponseFlag.DownstreamProtocolError, "DPE", "DownstreamProtocolError"],
  [ResponseFlag.UpstreamMaxStreamDurationReached, "UMSDR", "UpstreamMaxStreamDurationReached"],
  [ResponseFlag.ResponseFromCacheFilter, "RFCF", "ResponseFromCacheFilter"],
  [ResponseFlag.NoFilterConfigFound, "NFCF", "NoFilterConfigFound"],
  [ResponseFlag.DurationTimeout, "DT", "DurationTimeout"],
  [ResponseFlag.UpstreamProtocolError, "UPE", "UpstreamProtocolError"],
  [ResponseFlag.NoClusterFound, "NC", "NoClusterFound"],
  [ResponseFlag.OverloadManagerTerminated, "OM", "OverloadManagerTerminated"],
  [ResponseFlag.DnsResolutionFailed, "DF", "DnsResolutionFailed"],
  [ResponseFlag.DropOverload, "DO", "DropOverload"],
  [ResponseFlag.DownstreamRemoteReset, "DR", "DownstreamRemoteReset"],
  [ResponseFlag.UnconditionalDropOverload, "UDO", "UnconditionalDropOverload"],
];

const flagBits = new Map(flagNames.map(([bit, short]) => [short, bit]));

/** The bit of a flag's short name; undefined for a name that does not exist. */
export function responseFlagBit(short: string): number | undefined {
  return flagBits.get(short);
}

/** The flags joined with commas, `-` for none. */
export function responseFlagsText(flags: number, column: 1 | 2): string {
  if (flags === 0) return "-";
  let text = "";
  for (const names of flagNames) {
    if ((flags & names[0]) === 0) continue;
    text += text === "" ? names[column] : `,${names[column]}`;
  }
  return text;
}

/** A text field that is empty while it has no value. */
function field(get: (info: StreamInfo) => string | undefined): OperatorFactory {
  return bare(() =>
    foreignText((info) => {
      const text = get(info);
      return text === undefined || text === "" ? undefined : toByteText(text);
    }),
  );
}

function amount(get: (info: StreamInfo) => number): OperatorFactory {
  return bare(() => numeric(get));
}

const underscored = (text: string): string => text.replaceAll(/\s/g, "_");

const responseCodeDetails: OperatorFactory = withoutLength((command) => {
  const keepBlanks = command.argument === "ALLOW_WHITESPACES";
  const provider = foreignText((info) => {
    const details = info.responseCodeDetails;
    if (details === "") return undefined;
    return toByteText(keepBlanks ? details : underscored(details));
  });
  return { ok: true, value: provider };
});

const environmentVariable: OperatorFactory = withArgument((command, environment) => {
  const value = toByteText(environment.variables[command.argument] ?? "-");
  return { ok: true, value: foreignText(() => value, command.maxLength) };
});

const requestedServerName: OperatorFactory = withoutLength((command) => {
  if (command.argument !== "" && command.argument !== "SNI_ONLY") {
    return refuse(`REQUESTED_SERVER_NAME: ${command.argument} is not supported, only SNI_ONLY is`);
  }
  const name = (info: StreamInfo): string | undefined => info.requestedServerName || undefined;
  return { ok: true, value: foreignText(name) };
});

const constantZero = (): FormatterProvider => numeric(() => 0);

export const streamOperators: OperatorTable = {
  PROTOCOL: field((info) => info.protocol),
  UPSTREAM_PROTOCOL: field((info) => info.upstreamInfo?.protocol),
  RESPONSE_CODE: amount((info) => info.responseCode),
  RESPONSE_CODE_DETAILS: responseCodeDetails,
  CONNECTION_TERMINATION_DETAILS: field((info) => info.connectionTerminationDetails),
  RESPONSE_FLAGS: bare(() => plainText((info) => responseFlagsText(info.responseFlags, 1))),
  RESPONSE_FLAGS_LONG: bare(() => plainText((info) => responseFlagsText(info.responseFlags, 2))),
  BYTES_RECEIVED: amount((info) => info.bytesReceived),
  BYTES_SENT: amount((info) => info.bytesSent),
  // Counted for QUIC only, in Envoy too.
  BYTES_RETRANSMITTED: bare(constantZero),
  PACKETS_RETRANSMITTED: bare(constantZero),
  REQUEST_HEADERS_BYTES: amount((info) => info.requestHeaders?.byteSize ?? 0),
  RESPONSE_HEADERS_BYTES: amount((info) => info.responseHeaders?.byteSize ?? 0),
  RESPONSE_TRAILERS_BYTES: amount((info) => info.responseTrailers?.byteSize ?? 0),
  UPSTREAM_REQUEST_ATTEMPT_COUNT: amount((info) => info.upstreamInfo?.attemptCount ?? 0),
  ROUTE_NAME: field((info) => info.routeName),
  FILTER_CHAIN_NAME: field((info) => info.filterChainName),
  REQUESTED_SERVER_NAME: requestedServerName,
  CONNECTION_ID: amount((info) => info.connectionId),
  UPSTREAM_CONNECTION_ID: amount((info) => info.upstreamInfo?.connectionId ?? 0),
  STREAM_ID: field((info) => info.streamId),
  UNIQUE_ID: bare((environment) => plainText(() => environment.random.uuid())),
  HOSTNAME: bare((environment) => foreignText(() => environment.hostname)),
  ENVIRONMENT: environmentVariable,
  ACCESS_LOG_TYPE: bare(() => plainText((_info, type) => type)),
  LOCAL_REPLY_BODY: bare(() => foreignText((info) => toByteText(info.localReplyBody))),
  DOWNSTREAM_TRANSPORT_FAILURE_REASON: field((info) =>
    underscored(info.downstreamTransportFailureReason),
  ),
  UPSTREAM_TRANSPORT_FAILURE_REASON: field((info) =>
    underscored(info.upstreamInfo?.transportFailureReason ?? ""),
  ),
  // No filter here sets custom flags; Envoy prints the empty list like this.
  CUSTOM_FLAGS: bare(() => plainText(() => "")),
};
