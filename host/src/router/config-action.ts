import type {
  DirectResponseAction,
  RedirectAction,
  RouteAction,
  WeightedCluster,
} from "../config/gen/envoy/config/route/v3/route_components_pb.js";
import type { Duration } from "@bufbuild/protobuf/wkt";
import type { ParseContext } from "../contracts/extension.ts";
import { toByteText } from "../formatter/byte-text.ts";
import { headerMapName } from "./config-match.ts";
import { parseLevel } from "./config-mutations.ts";
import type {
  ClusterSpecifierConfig,
  DirectResponseConfig,
  HostRewriteConfig,
  RouteActionConfig,
  WeightedClusterConfig,
} from "./route-config.ts";
import { parseRateLimits } from "./rate-limits/parse-rate-limits.ts";
import { upgradeConfigsByType } from "./config-upgrades.ts";

/** What the table says about all of its actions. */
export interface ActionOptions {
  /** `validate_clusters`. */
  readonly validateClusters: boolean;
  /** `max_direct_response_body_size_bytes`. */
  readonly maxDirectResponseBodyBytes: number;
}

const timeoutMsDefault = 15_000;
const clusterNotFoundCodes = [503, 404, 500];

export function parseRouteAction(
  message: RouteAction,
  routeName: string,
  options: ActionOptions,
  context: ParseContext,
): RouteActionConfig {
  return {
    kind: "route",
    cluster: parseCluster(message, routeName, options, context),
    clusterNotFoundCode: clusterNotFoundCodes[message.clusterNotFoundResponseCode] ?? 503,
    prefixRewrite: toByteText(message.prefixRewrite),
    hostRewrite: parseHostRewrite(message, context),
    appendXForwardedHost: message.appendXForwardedHost,
    timeoutMs: context.durationMs(message.timeout, timeoutMsDefault),
    upgrades: parseUpgrades(message, context),
    streamDuration: parseStreamDuration(message, context),
    grpcTimeout: parseGrpcTimeout(message, context),
    idleTimeoutMs:
      message.idleTimeout === undefined ? undefined : context.durationMs(message.idleTimeout, 0),
    priority: message.priority === 1 ? "high" : "default",
    rateLimits: parseRateLimits(message.rateLimits, false, context),
    includeVirtualHostRateLimits: message.includeVhRateLimits ?? false,
  };
}

function parseCluster(
  message: RouteAction,
  routeName: string,
  options: ActionOptions,
  context: ParseContext,
): ClusterSpecifierConfig {
  const specifier = message.clusterSpecifier;
  switch (specifier.case) {
    case "cluster":
      if (options.validateClusters) {
        context.reference("cluster", specifier.value, message, "cluster");
      }
      return { kind: "cluster", name: specifier.value };
    case "clusterHeader":
      return { kind: "header", header: headerMapName(specifier.value) };
    case "weightedClusters":
      return parseWeighted(specifier.value, routeName, options, context);
    case "clusterSpecifierPlugin":
    case "inlineClusterSpecifierPlugin":
    case undefined:
      return { kind: "cluster", name: "" };
  }
}

const weightMax = 2 ** 32 - 1;

function parseWeighted(
  message: WeightedCluster,
  routeName: string,
  options: ActionOptions,
  context: ParseContext,
): ClusterSpecifierConfig {
  const clusters = message.clusters.map((entry) => parseWeight(entry, options, context));
  const sum = clusters.reduce((total, { weight }) => total + weight, 0);
  if (sum === 0) {
    const text = "Sum of weights in the weighted_cluster must be greater than 0.";
    context.problem(message, "clusters", text);
  } else if (sum > weightMax) {
    const text = `The sum of weights of all weighted clusters of route ${routeName} exceeds ${weightMax}`;
    context.problem(message, "clusters", text);
  }
  const random = message.randomValueSpecifier;
  const headerName = random.case === "headerName" ? headerMapName(random.value) : "";
  return { kind: "weighted", clusters, headerName };
}

function parseWeight(
  message: WeightedCluster["clusters"][number],
  options: ActionOptions,
  context: ParseContext,
): WeightedClusterConfig {
  const { name, clusterHeader, hostRewriteSpecifier } = message;
  if (name !== "" && clusterHeader !== "") {
    context.problem(message, "name", "Only one of name or cluster_header can be specified");
  } else if (name === "" && clusterHeader === "") {
    context.problem(message, "name", "At least one of name or cluster_header need to be specified");
  }
  if (message.weight === undefined) {
    context.problem(message, "weight", "is missing; 0 would send nothing there");
  }
  if (name !== "" && options.validateClusters) {
    context.reference("cluster", name, message, "name");
  }
  return {
    cluster:
      name === ""
        ? { kind: "header", header: headerMapName(clusterHeader) }
        : { kind: "cluster", name },
    weight: message.weight ?? 0,
    hostRewriteLiteral: toByteText(hostRewriteSpecifier.value ?? ""),
    level: parseLevel(message, context),
  };
}

function parseStreamDuration(
  message: RouteAction,
  context: ParseContext,
): RouteActionConfig["streamDuration"] {
  const duration = message.maxStreamDuration;
  if (duration === undefined) return undefined;
  const ms = (value: Duration | undefined): number | undefined =>
    value === undefined ? undefined : context.durationMs(value, 0);
  return {
    maxMs: ms(duration.maxStreamDuration),
    grpcHeaderMaxMs: ms(duration.grpcTimeoutHeaderMax),
    grpcHeaderOffsetMs: context.durationMs(duration.grpcTimeoutHeaderOffset, 0),
  };
}

function parseGrpcTimeout(
  message: RouteAction,
  context: ParseContext,
): RouteActionConfig["grpcTimeout"] {
  const { maxGrpcTimeout, grpcTimeoutOffset } = message;
  if (maxGrpcTimeout === undefined) {
    const text = "has no effect without max_grpc_timeout";
    if (grpcTimeoutOffset !== undefined) context.warning(message, "grpc_timeout_offset", text);
    return undefined;
  }
  return {
    maxMs: context.durationMs(maxGrpcTimeout, 0),
    offsetMs: context.durationMs(grpcTimeoutOffset, 0),
  };
}

function parseUpgrades(message: RouteAction, context: ParseContext): RouteActionConfig["upgrades"] {
  const twice = (type: string): string => `Duplicate upgrade ${type}`;
  return [...upgradeConfigsByType(message, context, twice)].map(([type, config]) => {
    const terminates = config.connectConfig !== undefined;
    if (terminates && type !== "connect") {
      const field = `upgrade_configs[${message.upgradeConfigs.indexOf(config)}].connect_config`;
      context.problem(message, field, "is for upgrade_type CONNECT; leave it out");
    }
    return { type, enabled: config.enabled ?? true, terminates };
  });
}

function parseHostRewrite(
  message: RouteAction,
  context: ParseContext,
): HostRewriteConfig | undefined {
  const specifier = message.hostRewriteSpecifier;
  if (specifier.case === "hostRewriteLiteral") {
    if (specifier.value === "") return withoutHostRewrite(message, context);
    return { kind: "literal", value: toByteText(specifier.value) };
  }
  if (specifier.case === "hostRewriteHeader") {
    if (specifier.value === "") return withoutHostRewrite(message, context);
    return { kind: "header", name: headerMapName(specifier.value) };
  }
  return withoutHostRewrite(message, context);
}

function withoutHostRewrite(message: RouteAction, context: ParseContext): undefined {
  if (message.appendXForwardedHost) {
    const text =
      "appends the host that a rewrite replaces, and this route rewrites none; " +
      "give it a host_rewrite_literal or a host_rewrite_header, or leave this out";
    context.warning(message, "append_x_forwarded_host", text);
  }
  return undefined;
}

export function parseDirectResponse(
  message: DirectResponseAction,
  options: ActionOptions,
  context: ParseContext,
): DirectResponseConfig {
  const body =
    message.body === undefined ? undefined : context.dataSource(message.body, message, "body");
  const size = body?.length ?? 0;
  if (size > options.maxDirectResponseBodyBytes) {
    const limit = options.maxDirectResponseBodyBytes;
    const text =
      `response body size is ${size} bytes; maximum is ${limit}; ` +
      "the RouteConfiguration's max_direct_response_body_size_bytes raises it";
    context.problem(message, "body", text);
  }
  return {
    kind: "direct_response",
    code: message.status,
    body: body?.toString("latin1") ?? "",
    redirect: undefined,
  };
}

const redirectCodes = [301, 302, 303, 307, 308];

export function parseRedirect(message: RedirectAction): DirectResponseConfig {
  const { schemeRewriteSpecifier: scheme, pathRewriteSpecifier: path } = message;
  return {
    kind: "direct_response",
    code: redirectCodes[message.responseCode] ?? 301,
    body: "",
    redirect: {
      scheme:
        scheme.case === "schemeRedirect" ? scheme.value : scheme.value === true ? "https" : "",
      host: toByteText(message.hostRedirect),
      port: message.portRedirect,
      path: path.case === "pathRedirect" ? toByteText(path.value) : "",
      prefixRewrite: path.case === "prefixRewrite" ? toByteText(path.value) : "",
      stripQuery: message.stripQuery,
    },
  };
}
