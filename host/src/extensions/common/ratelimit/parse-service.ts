import type { Duration } from "@bufbuild/protobuf/wkt";
import type { RateLimitServiceConfig } from "../../../config/gen/envoy/config/ratelimit/v3/rls_pb.js";
import type { GrpcServiceConfig } from "../../../contracts/config/grpc-service.ts";
import type { ParseContext } from "../../../contracts/extension.ts";
import { parseGrpcService } from "../../../grpc/config.ts";

const timeoutMsDefault = 20;

/** `timeout`: the filter's, which goes before the service's. What is missing is reported by the message's rules. */
export function parseRateLimitService(
  message: RateLimitServiceConfig | undefined,
  timeout: Duration | undefined,
  context: ParseContext,
): GrpcServiceConfig | undefined {
  const grpc = message?.grpcService;
  const service = grpc && parseGrpcService(grpc, context);
  if (grpc?.timeout !== undefined) {
    const text = "has no effect here, as in Envoy: the filter's timeout is the call's";
    context.warning(grpc, "timeout", text);
  }
  return service && { ...service, timeoutMs: context.durationMs(timeout, timeoutMsDefault) };
}
