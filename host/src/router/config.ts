import type {
  Route,
  VirtualHost,
} from "../config/gen/envoy/config/route/v3/route_components_pb.js";
import type { RouteConfiguration } from "../config/gen/envoy/config/route/v3/route_pb.js";
import type { ParseContext } from "../contracts/extension.ts";
import { toByteText } from "../formatter/byte-text.ts";
import {
  type ActionOptions,
  parseDirectResponse,
  parseRedirect,
  parseRouteAction,
} from "./config-action.ts";
import { parseMatch } from "./config-match.ts";
import { parseLevel, parseMetadata } from "./config-mutations.ts";
import { asciiLower } from "./matchers.ts";
import { parseRateLimits } from "./rate-limits/parse-rate-limits.ts";
import type { RouteConfig, RouteTableConfig, VirtualHostConfig } from "./route-config.ts";

const directResponseBodyBytesDefault = 4096;

/**
 * `envoy.config.route.v3.RouteConfiguration` as plain data for `createRouteTable`. All problems are reported to
 * `context`; the result is of use only when there are none. `defaults`: for what the message leaves open.
 */
export function parseRouteConfiguration(
  message: RouteConfiguration,
  context: ParseContext,
  defaults: Pick<ActionOptions, "validateClusters"> = { validateClusters: true },
): RouteTableConfig {
  const options: ActionOptions = {
    validateClusters: message.validateClusters ?? defaults.validateClusters,
    maxDirectResponseBodyBytes:
      message.maxDirectResponseBodySizeBytes ?? directResponseBodyBytesDefault,
  };
  checkDomains(message, context);
  return {
    name: message.name,
    virtualHosts: message.virtualHosts.map((host) => parseVirtualHost(host, options, context)),
    internalOnlyHeaders: message.internalOnlyHeaders.map((name) => name.toLowerCase()),
    ignorePortInHostMatching: message.ignorePortInHostMatching,
    mostSpecificHeaderMutationsWins: message.mostSpecificHeaderMutationsWins,
    level: parseLevel(message, context),
  };
}

const domainText = (domain: string): string => asciiLower(toByteText(domain));

function checkDomains(message: RouteConfiguration, context: ParseContext): void {
  const seen = new Set<string>();
  for (const host of message.virtualHosts) {
    for (const [i, given] of host.domains.entries()) {
      const domain = domainText(given);
      if (seen.has(domain)) {
        const text =
          domain === "*"
            ? `Only a single wildcard domain is permitted in route ${message.name}`
            : "Only unique values for domains are permitted. " +
              `Duplicate entry of domain ${domain} in route ${message.name}`;
        context.problem(host, `domains[${i}]`, text);
      }
      seen.add(domain);
    }
  }
}

const tlsRequirements = ["none", "external_only", "all"] as const;

function parseVirtualHost(
  message: VirtualHost,
  options: ActionOptions,
  context: ParseContext,
): VirtualHostConfig {
  return {
    name: message.name,
    domains: message.domains.map(domainText),
    routes: message.routes.map((route) => parseRoute(route, options, context)),
    requireTls: tlsRequirements[message.requireTls] ?? "none",
    includeRequestAttemptCount: message.includeRequestAttemptCount,
    includeAttemptCountInResponse: message.includeAttemptCountInResponse,
    metadata: parseMetadata(message.metadata),
    rateLimits: parseRateLimits(message.rateLimits, false, context),
    level: parseLevel(message, context),
  };
}

function parseRoute(message: Route, options: ActionOptions, context: ParseContext): RouteConfig {
  return {
    name: message.name,
    match: message.match === undefined ? matchAll : parseMatch(message.match),
    action: parseAction(message, options, context),
    metadata: parseMetadata(message.metadata),
    level: parseLevel(message, context),
  };
}

// `match` and `action` are required by the proto's rules; these stand in when the file lacks them.
const matchAll: RouteConfig["match"] = {
  path: { kind: "prefix", value: "", caseSensitive: true },
  headers: [],
  queryParameters: [],
  grpc: false,
  fraction: undefined,
};
const noAction: RouteConfig["action"] = {
  kind: "direct_response",
  code: 500,
  body: "",
  redirect: undefined,
};

function parseAction(
  message: Route,
  options: ActionOptions,
  context: ParseContext,
): RouteConfig["action"] {
  switch (message.action.case) {
    case "route":
      return parseRouteAction(message.action.value, message.name, options, context);
    case "redirect":
      return parseRedirect(message.action.value);
    case "directResponse":
      return parseDirectResponse(message.action.value, options, context);
    case "filterAction":
    case "nonForwardingAction":
    case undefined:
      return noAction;
  }
}
