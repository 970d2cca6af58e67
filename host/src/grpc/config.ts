import type { HeaderValue, RetryPolicy } from "../config/gen/envoy/config/core/v3/base_pb.js";
import type { GrpcService } from "../config/gen/envoy/config/core/v3/grpc_service_pb.js";
import type { GrpcRetryConfig, GrpcServiceConfig } from "../contracts/config/grpc-service.ts";
import type { ParseContext } from "../contracts/extension.ts";
import { literalValue, noFormats } from "./metadata-value.ts";
import { retryBaseMs, retryMaxFactor, retryStatuses } from "./retry-on.ts";

/**
 * The service as plain data; undefined when it cannot be called, which has been reported: here, or by the classes of
 * its fields (`google_grpc`, `retry_policy` of `envoy_grpc`). `timeoutMsDefault`: where the service names none; 0 = no
 * limit.
 */
export function parseGrpcService(
  message: GrpcService,
  context: ParseContext,
  timeoutMsDefault = 0,
): GrpcServiceConfig | undefined {
  const { targetSpecifier: target, initialMetadata, retryPolicy } = message;
  if (target.case === "googleGrpc") return undefined;
  if (target.case === undefined) {
    context.problem(message, "envoy_grpc", "is missing; it names the cluster that is called");
    return undefined;
  }
  const grpc = target.value;
  context.reference("cluster", grpc.clusterName, grpc, "cluster_name");
  return {
    cluster: grpc.clusterName,
    authority: grpc.authority,
    timeoutMs: context.durationMs(message.timeout, timeoutMsDefault),
    messageMax: grpc.maxReceiveMessageLength ?? 0,
    metadata: initialMetadata.map((header) => parseMetadata(header, context)),
    envoyHeaders: !grpc.skipEnvoyHeaders,
    retry: retryPolicy && parseRetry(retryPolicy, context),
  };
}

function parseMetadata(
  header: HeaderValue,
  context: ParseContext,
): readonly [name: string, value: string] {
  const text = literalValue(header.value);
  if (text === undefined) context.problem(header, "value", noFormats);
  return [header.key.toLowerCase(), valueOf(header, text ?? "")];
}

/** Bytes travel as Base64 under names that end in `-bin` (gRPC over HTTP/2, "Binary-Header"). */
function valueOf({ key, rawValue }: HeaderValue, text: string): string {
  if (rawValue.length === 0) return Buffer.from(text).toString("latin1");
  const encoding = key.toLowerCase().endsWith("-bin") ? "base64" : "latin1";
  return Buffer.from(rawValue).toString(encoding);
}

function parseRetry(policy: RetryPolicy, context: ParseContext): GrpcRetryConfig | undefined {
  const statuses = retryStatuses(policy.retryOn);
  if (typeof statuses === "string") {
    context.problem(policy, "retry_on", statuses);
    return undefined;
  }
  const { baseInterval, maxInterval } = policy.retryBackOff ?? {};
  const baseMs = context.durationMs(baseInterval, retryBaseMs);
  const maxMs = context.durationMs(maxInterval, retryMaxFactor * baseMs);
  return { statuses, retries: policy.numRetries ?? 1, baseMs, maxMs };
}
