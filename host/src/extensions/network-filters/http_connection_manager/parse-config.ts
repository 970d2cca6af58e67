import type { HttpConnectionManager } from "../../../config/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js";
import type { RouteConfiguration } from "../../../config/gen/envoy/config/route/v3/route_pb.js";
import type { ExtensionConfig } from "../../../contracts/config/snapshot.ts";
import type { ParseContext } from "../../../contracts/extension.ts";
import type { HcmConfig, PathConfig } from "../../../http/connection-manager/config.ts";
import { parseRouteConfiguration } from "../../../router/config.ts";
import { upgradeConfigsByType } from "../../../router/config-upgrades.ts";
import { parseForwarded, parseRequestId } from "./parse-forwarded.ts";
import { parseFilterChain } from "./parse-http-filters.ts";
import { parseCodecSettings, parseCommonOptions } from "./parse-protocol-options.ts";

const streamIdleTimeoutMsDefault = 300_000;
const drainTimeoutMsDefault = 5000;
const delayedCloseTimeoutMsDefault = 1000;

/** Fields that are not looked at here are refused, or known to be harmless, by their field classes. */
export function parseConfig(message: HttpConnectionManager, context: ParseContext): HcmConfig {
  const ms = context.durationMs.bind(context);
  return {
    statPrefix: message.statPrefix,
    ...parseRoutes(message, context),
    httpFilters: parseFilterChain(message, context),
    accessLogs: parseAccessLogs(message, context),
    codecType: parseCodecType(message, context),
    upgrades: parseUpgrades(message, context),
    ...parseCodecSettings(message, context),
    ...parseCommonOptions(message, context),
    streamIdleTimeoutMs: ms(message.streamIdleTimeout, streamIdleTimeoutMsDefault),
    requestTimeoutMs: ms(message.requestTimeout, 0),
    requestHeadersTimeoutMs: ms(message.requestHeadersTimeout, 0),
    drainTimeoutMs: ms(message.drainTimeout, drainTimeoutMsDefault),
    delayedCloseTimeoutMs: ms(message.delayedCloseTimeout, delayedCloseTimeoutMsDefault),
    forwarded: parseForwarded(message, context),
    requestId: parseRequestId(message, context),
    path: parsePath(message),
    stripPort: parseStripPort(message, context),
    stripTrailingHostDot: message.stripTrailingHostDot,
    serverName: message.serverName === "" ? "envoy" : message.serverName,
    serverHeaderTransformation: serverTransformations[message.serverHeaderTransformation]!,
    via: message.via,
    addUserAgent: message.addUserAgent ?? false,
    proxy100Continue: message.proxy100Continue,
  };
}

const serverTransformations = ["overwrite", "append_if_absent", "pass_through"] as const;
const codecTypes = ["AUTO", "HTTP1", "HTTP2", "HTTP3"] as const;
/** In the order of the enum; 0 leaves it to the implementation. */
const escapedSlashes = ["keep", "keep", "reject", "redirect", "forward"] as const;

function parseCodecType(
  message: HttpConnectionManager,
  context: ParseContext,
): HcmConfig["codecType"] {
  const type = codecTypes[message.codecType];
  if (type === "HTTP1" || type === "HTTP2") return type;
  if (type !== "AUTO") {
    context.problem(message, "codec_type", `${type} is not supported; use AUTO, HTTP1 or HTTP2`);
  }
  return "AUTO";
}

function parseUpgrades(
  message: HttpConnectionManager,
  context: ParseContext,
): HcmConfig["upgrades"] {
  const twice = (type: string): string =>
    `Error: multiple upgrade configs with the same name: '${type}'`;
  return [...upgradeConfigsByType(message, context, twice)].map(([type, { enabled }]) => ({
    type,
    enabled: enabled ?? true,
  }));
}

function parseRoutes(
  message: HttpConnectionManager,
  context: ParseContext,
): Pick<HcmConfig, "routeConfig" | "routeDiscovery"> {
  const { routeSpecifier, statPrefix } = message;
  if (routeSpecifier.case === "routeConfig") {
    return { routeConfig: parseRouteConfiguration(routeSpecifier.value, context) };
  }
  // Scoped routes are refused by their field classes, no routes at all by the message's rules.
  if (routeSpecifier.case !== "rds") return { routeConfig: undefined };
  const routeDiscovery = context.routeDiscovery(
    routeSpecifier.value,
    statPrefix,
    (routes, reading) =>
      // As in Envoy: clusters may come later than the routes that lead to them.
      parseRouteConfiguration(routes as RouteConfiguration, reading, { validateClusters: false }),
  );
  return { routeConfig: undefined, routeDiscovery };
}

function parseAccessLogs(message: HttpConnectionManager, context: ParseContext): ExtensionConfig[] {
  const logs: ExtensionConfig[] = [];
  for (const log of message.accessLog) {
    const extension = context.accessLog(log, message, "access_log");
    if (extension !== undefined) logs.push(extension);
  }
  return logs;
}

function parsePath(message: HttpConnectionManager): PathConfig {
  return {
    normalize: message.normalizePath ?? false,
    mergeSlashes: message.mergeSlashes,
    escapedSlashes: escapedSlashes[message.pathWithEscapedSlashesAction]!,
  };
}

function parseStripPort(
  message: HttpConnectionManager,
  context: ParseContext,
): HcmConfig["stripPort"] {
  const any = message.stripPortMode.case === "stripAnyHostPort" && message.stripPortMode.value;
  if (any && message.stripMatchingHostPort) {
    context.problem(
      message,
      "strip_matching_host_port",
      "Error: Only one of `strip_matching_host_port` or `strip_any_host_port` can be set.",
    );
  }
  if (any) return "any";
  return message.stripMatchingHostPort ? "matching" : "none";
}
