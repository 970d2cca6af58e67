import type {
  RateLimit,
  RateLimitPerRoute,
} from "../../../config/gen/envoy/extensions/filters/http/ratelimit/v3/rate_limit_pb.js";
import type { Fraction } from "../../../common/fraction.ts";
import type { HttpFilterFactory, ParseContext } from "../../../contracts/extension.ts";
import { parseFraction } from "../../../router/config-match.ts";
import { parseAdditions } from "../../../router/config-mutations.ts";
import { parseRateLimits } from "../../../router/rate-limits/parse-rate-limits.ts";
import { parseRateLimitService } from "../../common/ratelimit/parse-service.ts";
import { parseStatusOnError } from "../common/parse-status-on-error.ts";
import type { RateLimitFilterConfig, RateLimitRouteConfig } from "./rate-limit-filter-config.ts";

const filterName = "envoy.filters.http.ratelimit";
const tooManyRequests = 429;
const resourceExhausted = 8;
const statusOnErrorDefault = 500;
const all: Fraction = { numerator: 100, denominator: 100 };
const none: Fraction = { numerator: 0, denominator: 100 };

function parseConfig(message: RateLimit, context: ParseContext): RateLimitFilterConfig {
  const status = message.rateLimitedStatus?.code ?? tooManyRequests;
  const deny = message.failureModeDeny ? all : none;
  return {
    service: parseRateLimitService(message.rateLimitService, message.timeout, context),
    domain: message.domain,
    stage: message.stage,
    requestType: requestTypeOf(message.requestType),
    failureModeDeny: parseFraction(message.failureModeDenyPercent?.defaultValue) ?? deny,
    limitedGrpcStatus: message.rateLimitedAsResourceExhausted ? resourceExhausted : undefined,
    limitedStatus: status < 400 ? tooManyRequests : status,
    statusOnError: parseStatusOnError(message, statusOnErrorDefault, context),
    xRateLimitHeaders: message.enableXRatelimitHeaders !== 0,
    retryAfterHeader: message.enableRetryAfterHeader,
    rateLimitedHeader: !message.disableXEnvoyRatelimitedHeader,
    responseHeadersToAdd: parseAdditions(message.responseHeadersToAdd, context),
    statPrefix: message.statPrefix,
    enabled: parseFraction(message.filterEnabled?.defaultValue) ?? all,
    enforced: parseFraction(message.filterEnforced?.defaultValue) ?? all,
    rateLimits: parseRateLimits(message.rateLimits, true, context),
    metadataNamespace: message.metadataNamespace || filterName,
  };
}

function requestTypeOf(text: string): RateLimitFilterConfig["requestType"] {
  return text === "internal" || text === "external" ? text : "both";
}

const virtualHostOptions = ["override", "include", "ignore"] as const;

function parseRouteConfig(message: RateLimitPerRoute, context: ParseContext): RateLimitRouteConfig {
  return {
    virtualHost: virtualHostOptions[message.vhRateLimits] ?? "override",
    rateLimits: parseRateLimits(message.rateLimits, true, context),
    domain: message.domain,
  };
}

export const rateLimitFilter: HttpFilterFactory<RateLimitFilterConfig, RateLimitRouteConfig> = {
  name: filterName,
  messageName: "envoy.extensions.filters.http.ratelimit.v3.RateLimit",
  isTerminal: false,
  routeMessageName: "envoy.extensions.filters.http.ratelimit.v3.RateLimitPerRoute",
  parseConfig,
  parseRouteConfig,
  async createFilterFactory(config, context) {
    const { createRateLimit } = await import("./create-rate-limit.ts");
    return createRateLimit(config, context);
  },
};
