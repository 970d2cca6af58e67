import type { HeaderMutationRules } from "../../../config/gen/envoy/config/common/mutation_rules/v3/mutation_rules_pb.js";
import type {
  BufferSettings,
  ExtAuthz,
  ExtAuthzPerRoute,
} from "../../../config/gen/envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb.js";
import type { HttpFilterFactory, ParseContext } from "../../../contracts/extension.ts";
import { parseFraction } from "../../../router/config-match.ts";
import { destinationLabels } from "../../common/ext_authz/destination-labels.ts";
import { parseMetadataMatcher } from "../../common/ext_authz/parse-metadata-matcher.ts";
import { parseStatusOnError } from "../common/parse-status-on-error.ts";
import type {
  BodyConfig,
  ExtAuthzConfig,
  ExtAuthzRouteConfig,
  MutationRulesConfig,
} from "./ext-authz-config.ts";
import { parseList, parseRouteService, parseService } from "./parse-services.ts";

const statusOnErrorDefault = 403;

function parseConfig(message: ExtAuthz, context: ParseContext): ExtAuthzConfig {
  return {
    service: parseService(message, context),
    failureModeAllow: message.failureModeAllow,
    failureModeAllowHeaderAdd: message.failureModeAllowHeaderAdd,
    body: message.withRequestBody && parseBody(message.withRequestBody),
    clearRouteCache: message.clearRouteCache,
    clearRouteCacheHeaders: message.clearRouteCacheHeaders.map((name) => name.toLowerCase()),
    statusOnError: parseStatusOnError(message, statusOnErrorDefault, context),
    validateMutations: message.validateMutations,
    mutationRules:
      message.decoderHeaderMutationRules && parseRules(message.decoderHeaderMutationRules),
    metadataNamespaces: message.metadataContextNamespaces,
    routeMetadataNamespaces: message.routeMetadataContextNamespaces,
    enabled: parseFraction(message.filterEnabled?.defaultValue),
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
  service: undefined,
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
    service: parseRouteService(settings, context),
  };
}

export const extAuthzFilter: HttpFilterFactory<ExtAuthzConfig, ExtAuthzRouteConfig> = {
  name: "envoy.filters.http.ext_authz",
  messageName: "envoy.extensions.filters.http.ext_authz.v3.ExtAuthz",
  isTerminal: false,
  routeMessageName: "envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute",
  parseConfig,
  parseRouteConfig,
  async createFilterFactory(config, context) {
    const { createExtAuthz } = await import("./create-ext-authz.ts");
    return createExtAuthz(config, context);
  },
};
