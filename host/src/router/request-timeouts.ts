import { HeaderId, idMask } from "../common/headers/header-id.ts";
import { grpcTimeout, parseGrpcTimeout } from "../common/grpc-timeout.ts";
import type { RequestHeaderMap } from "../contracts/headers.ts";
import type { GrpcTimeoutConfig } from "../contracts/router/route.ts";
import { isGrpcRequest } from "./matchers.ts";
import type { RouterConfig } from "./router-config.ts";

/** How long a request may take. */
export interface RequestTimeouts {
  /** From the end of the request to the end of the response; 0 = no limit. */
  readonly globalMs: number;
  /** The global one stands in the route, not in a header. */
  readonly fromRoute: boolean;
  /** Of the one attempt; 0 = no limit. */
  readonly perTryMs: number;
  /** 504, or 204 when the client asked for that. */
  readonly code: number;
}

// Reading these is for internal clients only: the connection manager has removed them from other requests.
const understood = idMask(
  HeaderId.XEnvoyUpstreamRqTimeoutMs,
  HeaderId.XEnvoyUpstreamRqPerTryTimeoutMs,
  HeaderId.XEnvoyUpstreamRqTimeoutAltResponse,
  HeaderId.XEnvoyExpectedRqTimeoutMs,
  HeaderId.XEnvoyRetryOn,
  HeaderId.XEnvoyRetryGrpcOn,
  HeaderId.XEnvoyMaxRetries,
  HeaderId.XEnvoyRetriableStatusCodes,
  HeaderId.XEnvoyRetriableHeaderNames,
  HeaderId.XEnvoyHedgeOnPerTryTimeout,
);
const consumed = [
  HeaderId.XEnvoyUpstreamRqPerTryTimeoutMs,
  HeaderId.XEnvoyUpstreamRqTimeoutAltResponse,
  HeaderId.XEnvoyRetryOn,
  HeaderId.XEnvoyRetryGrpcOn,
  HeaderId.XEnvoyMaxRetries,
  HeaderId.XEnvoyRetriableStatusCodes,
  HeaderId.XEnvoyRetriableHeaderNames,
  HeaderId.XEnvoyHedgeOnPerTryTimeout,
];

/** True when headers of the request have a say in its timeouts (or in retries, which there are none of). */
export function hasTimeoutHeaders(headers: RequestHeaderMap): boolean {
  return headers.hasAny(understood);
}

/** The timeouts of a request with such headers. The headers are removed: they are for this proxy. */
export function timeoutsOf(
  headers: RequestHeaderMap,
  routeTimeoutMs: number,
  config: RouterConfig,
): RequestTimeouts {
  const expected = config.respectExpectedRqTimeout
    ? headers.getId(HeaderId.XEnvoyExpectedRqTimeoutMs)
    : undefined;
  const asked = expected ?? headers.getId(HeaderId.XEnvoyUpstreamRqTimeoutMs);
  const askedMs = milliseconds(asked);
  const globalMs = askedMs ?? routeTimeoutMs;
  const perTryMs = milliseconds(headers.getId(HeaderId.XEnvoyUpstreamRqPerTryTimeoutMs)) ?? 0;
  const code = headers.hasId(HeaderId.XEnvoyUpstreamRqTimeoutAltResponse) ? 204 : 504;
  if (expected === undefined) headers.removeId(HeaderId.XEnvoyUpstreamRqTimeoutMs);
  for (const id of consumed) headers.removeId(id);
  return {
    globalMs,
    fromRoute: askedMs === undefined,
    // A limit for the attempt that the whole request does not have time for says nothing.
    perTryMs: globalMs !== 0 && perTryMs >= globalMs ? 0 : perTryMs,
    code,
  };
}

/**
 * The timeout of a gRPC call whose route has it follow from `grpc-timeout`; 0 = no limit. Undefined for what is not
 * gRPC.
 */
export function grpcTimeoutMs(
  headers: RequestHeaderMap,
  config: GrpcTimeoutConfig,
): number | undefined {
  if (!isGrpcRequest(headers)) return undefined;
  const { maxMs, offsetMs } = config;
  const askedMs = parseGrpcTimeout(headers.get("grpc-timeout")) ?? 0;
  const ms = offsetMs < askedMs ? askedMs - offsetMs : askedMs;
  return maxMs !== 0 && (ms === 0 || ms > maxMs) ? maxMs : ms;
}

/** The next hop is to know how long it has. */
export function tellGrpcTimeout(headers: RequestHeaderMap, ms: number): void {
  if (ms > 0) headers.set("grpc-timeout", grpcTimeout(ms));
}

const mostMs = 2 ** 31 - 1;

/** Undefined for what is no number; it is then as if the header were not there. */
function milliseconds(text: string | undefined): number | undefined {
  if (text === undefined || !/^[0-9]{1,15}$/.test(text)) return undefined;
  return Math.min(Number(text), mostMs);
}
