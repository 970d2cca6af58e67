import { grpcTimeout, parseGrpcTimeout } from "../../common/grpc-timeout.ts";
import type { RequestHeaderMap } from "../../contracts/headers.ts";
import type { StreamDurationConfig } from "../../contracts/router/route.ts";
import { isGrpcRequest } from "../filter-manager/local-reply.ts";

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
  if (grpc && told && limitMs !== Infinity) headers.set("grpc-timeout", grpcTimeout(limitMs));
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
