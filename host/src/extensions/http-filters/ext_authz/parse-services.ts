import type { HeaderValue, RetryPolicy } from "../../../config/gen/envoy/config/core/v3/base_pb.js";
import type { GrpcService } from "../../../config/gen/envoy/config/core/v3/grpc_service_pb.js";
import type {
  AuthorizationResponse,
  CheckSettings,
  ExtAuthz,
  HttpService,
} from "../../../config/gen/envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb.js";
import type { ListStringMatcher } from "../../../config/gen/envoy/type/matcher/v3/string_pb.js";
import type { GrpcRetryConfig } from "../../../contracts/config/grpc-service.ts";
import type { ParseContext } from "../../../contracts/extension.ts";
import { compileFormat } from "../../../formatter/formatter.ts";
import { parseGrpcService } from "../../../grpc/config.ts";
import { parseStringMatcher } from "../../../router/config-match.ts";
import type { StringMatcherConfig } from "../../../router/route-config.ts";
import type { AuthServiceConfig, HttpServiceConfig } from "./ext-authz-config.ts";

/** Of both protocols, where the service names none. */
const timeoutMsDefault = 200;

const noService: AuthServiceConfig = {
  kind: "grpc",
  service: {
    cluster: "",
    authority: "",
    timeoutMs: timeoutMsDefault,
    messageMax: 0,
    metadata: [],
    envoyHeaders: true,
    retry: undefined,
  },
};

/** The filter's service. */
export function parseService(message: ExtAuthz, context: ParseContext): AuthServiceConfig {
  const { services } = message;
  if (services.case === undefined) {
    const text = "is missing; name who decides, with grpc_service or http_service";
    context.problem(message, "grpc_service", text);
    return noService;
  }
  if (services.case === "grpcService") return parseGrpc(services.value, context) ?? noService;
  const { authorizationRequest: request } = services.value;
  if (request?.allowedHeaders !== undefined && message.allowedHeaders !== undefined) {
    const text = "and the filter's allowed_headers exclude each other; leave this one out";
    context.problem(request, "allowed_headers", text);
  }
  return { kind: "http", service: parseHttpService(services.value, context) };
}

/** The service of a route; undefined: the filter's. */
export function parseRouteService(
  { serviceOverride: service }: CheckSettings,
  context: ParseContext,
): AuthServiceConfig | undefined {
  if (service.case === undefined) return undefined;
  if (service.case === "grpcService") return parseGrpc(service.value, context);
  return { kind: "http", service: parseHttpService(service.value, context) };
}

function parseGrpc(message: GrpcService, context: ParseContext): AuthServiceConfig | undefined {
  const service = parseGrpcService(message, context, timeoutMsDefault);
  return service && { kind: "grpc", service };
}

function parseHttpService(message: HttpService, context: ParseContext): HttpServiceConfig {
  const { serverUri, authorizationRequest: request } = message;
  const cluster = serverUri?.httpUpstreamType.value ?? "";
  if (serverUri === undefined) context.problem(message, "server_uri", "is missing");
  else context.reference("cluster", cluster, serverUri, "cluster");
  checkPaths(message, context);
  return {
    cluster,
    timeoutMs: context.durationMs(serverUri?.timeout, timeoutMsDefault),
    retry: message.retryPolicy && parseRetry(message.retryPolicy, context),
    pathPrefix: message.pathPrefix,
    pathOverride: message.pathOverride,
    allowedHeaders: parseList(request?.allowedHeaders),
    headersToAdd: (request?.headersToAdd ?? []).map((header) => parseAddition(header, context)),
    ...parseAnswers(message.authorizationResponse),
  };
}

const statusesOf: { readonly [condition: string]: readonly number[] } = {
  "5xx": Array.from({ length: 100 }, (_, i) => 500 + i),
  "gateway-error": [502, 503, 504],
};
const retryBaseMs = 1000;
const retryMaxFactor = 10;

function parseRetry(policy: RetryPolicy, context: ParseContext): GrpcRetryConfig {
  const statuses: number[] = [];
  for (const name of policy.retryOn.split(",").map((each) => each.trim())) {
    if (Object.hasOwn(statusesOf, name)) {
      statuses.push(...statusesOf[name]!);
    } else if (name !== "") {
      const known = Object.keys(statusesOf).join(", ");
      const text = `"${name}" is not supported for checks over HTTP; it may name ${known}`;
      context.problem(policy, "retry_on", text);
    }
  }
  if (policy.retryOn === "") {
    context.warning(policy, "retry_on", "is empty: checks are made once");
  }
  const baseMs = context.durationMs(policy.retryBackOff?.baseInterval, retryBaseMs);
  const maxMs = context.durationMs(policy.retryBackOff?.maxInterval, retryMaxFactor * baseMs);
  return { statuses, retries: policy.numRetries ?? 1, baseMs, maxMs };
}

function checkPaths(message: HttpService, context: ParseContext): void {
  if (message.pathPrefix !== "" && !message.pathPrefix.startsWith("/")) {
    context.problem(message, "path_prefix", "must begin with a slash");
  }
  if (message.pathOverride !== "" && !message.pathOverride.startsWith("/")) {
    context.problem(message, "path_override", "must begin with a slash");
  }
  if (message.pathPrefix !== "" && message.pathOverride !== "") {
    context.problem(message, "path_override", "and path_prefix exclude each other");
  }
}

type AnswerConfig = Pick<
  HttpServiceConfig,
  | "upstreamHeaders"
  | "upstreamHeadersToAppend"
  | "clientHeaders"
  | "clientHeadersOnSuccess"
  | "metadataHeaders"
>;

function parseAnswers(response: AuthorizationResponse | undefined): AnswerConfig {
  return {
    upstreamHeaders: parseList(response?.allowedUpstreamHeaders) ?? [],
    upstreamHeadersToAppend: parseList(response?.allowedUpstreamHeadersToAppend) ?? [],
    clientHeaders: parseList(response?.allowedClientHeaders),
    clientHeadersOnSuccess: parseList(response?.allowedClientHeadersOnSuccess) ?? [],
    metadataHeaders: parseList(response?.dynamicMetadataFromHeaders) ?? [],
  };
}

function parseAddition(header: HeaderValue, context: ParseContext): readonly [string, string] {
  const format = compileFormat(header.value, { omitEmptyValues: true });
  if (!format.ok) context.problem(header, "value", format.error);
  if (header.rawValue.length > 0) {
    context.problem(header, "raw_value", "is not read here, nor in Envoy; use value");
  }
  return [header.key.toLowerCase(), header.value];
}

/** `ListStringMatcher`; undefined when there is none. */
export function parseList(list: ListStringMatcher | undefined): StringMatcherConfig[] | undefined {
  return list?.patterns.map(parseStringMatcher);
}
