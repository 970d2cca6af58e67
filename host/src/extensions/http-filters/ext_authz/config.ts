import type { HeaderMutationRules } from "../../../config/gen/envoy/config/common/mutation_rules/v3/mutation_rules_pb.js";
import type { HeaderValue } from "../../../config/gen/envoy/config/core/v3/base_pb.js";
import type {
  AuthorizationResponse,
  BufferSettings,
  ExtAuthz,
  ExtAuthzPerRoute,
  HttpService,
} from "../../../config/gen/envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb.js";
import type { ListStringMatcher } from "../../../config/gen/envoy/type/matcher/v3/string_pb.js";
import type { HttpFilterFactory, ParseContext } from "../../../contracts/extension.ts";
import { compileFormat } from "../../../formatter/formatter.ts";
import { parseGrpcService } from "../../../grpc/config.ts";
import { parseStringMatcher } from "../../../router/config-match.ts";
import type { StringMatcherConfig } from "../../../router/route-config.ts";
import { destinationLabels } from "../../common/ext_authz/destination-labels.ts";
import { parseMetadataMatcher } from "../../common/ext_authz/parse-metadata-matcher.ts";
import type {
  AuthServiceConfig,
  BodyConfig,
  ExtAuthzConfig,
  ExtAuthzRouteConfig,
  HttpServiceConfig,
  MutationRulesConfig,
} from "./ext-authz-config.ts";

/** Of both protocols, where the service names none. */
const timeoutMsDefault = 200;
const statusOnErrorDefault = 403;
const denominators = [100, 10_000, 1_000_000];

function parseConfig(message: ExtAuthz, context: ParseContext): ExtAuthzConfig {
  const enabled = message.filterEnabled?.defaultValue;
  return {
    service: parseService(message, context),
    failureModeAllow: message.failureModeAllow,
    failureModeAllowHeaderAdd: message.failureModeAllowHeaderAdd,
    body: message.withRequestBody && parseBody(message.withRequestBody),
    clearRouteCache: message.clearRouteCache,
    clearRouteCacheHeaders: message.clearRouteCacheHeaders.map((name) => name.toLowerCase()),
    statusOnError: parseStatus(message, context),
    validateMutations: message.validateMutations,
    mutationRules:
      message.decoderHeaderMutationRules && parseRules(message.decoderHeaderMutationRules),
    metadataNamespaces: message.metadataContextNamespaces,
    routeMetadataNamespaces: message.routeMetadataContextNamespaces,
    enabled: enabled && {
      numerator: enabled.numerator,
      denominator: denominators[enabled.denominator] ?? 100,
    },
    enabledMetadata:
      message.filterEnabledMetadata && parseMetadataMatcher(message.filterEnabledMetadata),
    denyAtDisable: message.denyAtDisable?.defaultValue ?? false,
    includePeerCertificate: message.includePeerCertificate,
    includeTlsSession: message.includeTlsSession,
    statPrefix: message.statPrefix,
    destinationLabels: destinationLabels(message.bootstrapMetadataLabelsKey, context.localInfo),
    allowedHeaders: parseList(message.allowedHeaders),
    disallowedHeaders: parseList(message.disallowedHeaders) ?? [],
    chargeClusterResponseStats: message.chargeClusterResponseStats ?? true,
    encodeRawHeaders: message.encodeRawHeaders,
    ingestDynamicMetadata: message.enableDynamicMetadataIngestion ?? true,
    maxDeniedBodyBytes: message.maxDeniedResponseBodyBytes,
  };
}

function parseStatus(message: ExtAuthz, context: ParseContext): number {
  const code = message.statusOnError?.code ?? statusOnErrorDefault;
  if (code < 200)
    context.problem(message, "status_on_error", "must be 200 or more: it ends the response");
  return code;
}

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

function parseService(message: ExtAuthz, context: ParseContext): AuthServiceConfig {
  const { services } = message;
  if (services.case === "httpService") {
    return { kind: "http", service: parseHttpService(message, services.value, context) };
  }
  if (services.case === undefined) {
    const text = "is missing; name who decides, with grpc_service or http_service";
    context.problem(message, "grpc_service", text);
    return noService;
  }
  const service = parseGrpcService(services.value, context);
  if (service === undefined) return noService;
  const timeoutMs = context.durationMs(services.value.timeout, timeoutMsDefault);
  return { kind: "grpc", service: { ...service, timeoutMs } };
}

function parseHttpService(
  owner: ExtAuthz,
  message: HttpService,
  context: ParseContext,
): HttpServiceConfig {
  const { serverUri, authorizationRequest: request } = message;
  const cluster = serverUri?.httpUpstreamType.value ?? "";
  if (serverUri === undefined) context.problem(message, "server_uri", "is missing");
  else context.reference("cluster", cluster, serverUri, "cluster");
  checkPaths(message, context);
  if (request?.allowedHeaders !== undefined && owner.allowedHeaders !== undefined) {
    const text = "and the filter's allowed_headers exclude each other; leave this one out";
    context.problem(request, "allowed_headers", text);
  }
  return {
    cluster,
    timeoutMs: context.durationMs(serverUri?.timeout, timeoutMsDefault),
    pathPrefix: message.pathPrefix,
    pathOverride: message.pathOverride,
    allowedHeaders: parseList(request?.allowedHeaders),
    headersToAdd: (request?.headersToAdd ?? []).map((header) => parseAddition(header, context)),
    ...parseAnswers(message.authorizationResponse),
  };
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

function parseList(list: ListStringMatcher | undefined): StringMatcherConfig[] | undefined {
  return list?.patterns.map(parseStringMatcher);
}

function parseBody(message: BufferSettings): BodyConfig {
  return {
    maxBytes: message.maxRequestBytes,
    allowPartial: message.allowPartialMessage,
    packAsBytes: message.packAsBytes,
  };
}

function parseRules(message: HeaderMutationRules): MutationRulesConfig {
  return {
    allowAllRouting: message.allowAllRouting ?? false,
    allowEnvoy: message.allowEnvoy ?? false,
    disallowSystem: message.disallowSystem ?? false,
    disallowAll: message.disallowAll ?? false,
    disallowIsError: message.disallowIsError ?? false,
  };
}

const disabledRoute: ExtAuthzRouteConfig = {
  disabled: true,
  contextExtensions: new Map(),
  disableBody: false,
  body: undefined,
};

function parseRouteConfig(message: ExtAuthzPerRoute, context: ParseContext): ExtAuthzRouteConfig {
  const { override } = message;
  if (override.case !== "checkSettings") return disabledRoute;
  const settings = override.value;
  if (settings.disableRequestBodyBuffering && settings.withRequestBody !== undefined) {
    const text = "and with_request_body exclude each other";
    context.problem(settings, "disable_request_body_buffering", text);
  }
  return {
    disabled: false,
    contextExtensions: new Map(Object.entries(settings.contextExtensions)),
    disableBody: settings.disableRequestBodyBuffering,
    body: settings.withRequestBody && parseBody(settings.withRequestBody),
  };
}

export const extAuthzFilter: HttpFilterFactory<ExtAuthzConfig, ExtAuthzRouteConfig> = {
  name: "envoy.filters.http.ext_authz",
  messageName: "envoy.extensions.filters.http.ext_authz.v3.ExtAuthz",
  isTerminal: false,
  routeMessageName: "envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute",
  parseConfig: parseConfig as HttpFilterFactory<ExtAuthzConfig>["parseConfig"],
  parseRouteConfig,
  async createFilterFactory(config, context) {
    const { createExtAuthz } = await import("./create-ext-authz.ts");
    return createExtAuthz(config, context);
  },
};
