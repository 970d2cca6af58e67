import type { RequestHeaderMap } from "../../contracts/headers.ts";
import type { StreamDurationConfig } from "../../contracts/router/route.ts";
import { isGrpcRequest } from "../filter-manager/local-reply.ts";

/** Milliseconds of the units of `grpc-timeout` (gRPC over HTTP/2, section Requests). */
const unitMs: { readonly [unit: string]: number } = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};
const largestValue = 99_999_999;

/**
 * How long a stream of this route may live, in milliseconds; `Infinity`: no limit. Of a gRPC call, the client's
 * `grpc-timeout` counts where the route says so; what is left of it goes to the next hop in the same header.
 */
export function streamDurationMs(
  headers: RequestHeaderMap,
  config: StreamDurationConfig,
  defaultMs: number,
): number {
  const grpc = isGrpcRequest(headers);
  const asked = grpc ? parseGrpcTimeout(headers.get("grpc-timeout")) : undefined;
  const byClient = asked !== undefined && config.grpcHeaderMaxMs !== undefined;
  const limitMs = byClient ? grpcLimit(asked, config) : ownLimit(config, defaultMs);
  const told = asked !== undefined || config.maxMs !== undefined;
  if (grpc && told && limitMs !== Infinity) headers.set("grpc-timeout", formatGrpcTimeout(limitMs));
  return limitMs;
}

function ownLimit(config: StreamDurationConfig, defaultMs: number): number {
  if (config.maxMs === undefined) return defaultMs;
  return config.maxMs === 0 ? Infinity : config.maxMs;
}

function grpcLimit(askedMs: number, config: StreamDurationConfig): number {
  const most = config.grpcHeaderMaxMs!;
  const capped = most > 0 && askedMs > most ? most : askedMs;
  return Math.max(0, capped - config.grpcHeaderOffsetMs);
}

/** Undefined for what is no timeout: it is then as if the header were not there. */
export function parseGrpcTimeout(text: string | undefined): number | undefined {
  const parts = text === undefined ? null : /^(\d{1,8})([HMSmun])$/.exec(text);
  return parts === null ? undefined : Math.ceil(Number(parts[1]) * unitMs[parts[2]!]!);
}

/** At most eight digits, in the finest unit that takes the value. */
function formatGrpcTimeout(ms: number): string {
  if (ms <= largestValue) return `${ms}m`;
  const seconds = Math.floor(ms / 1000);
  return seconds <= largestValue ? `${seconds}S` : `${Math.floor(ms / 60_000)}M`;
}
