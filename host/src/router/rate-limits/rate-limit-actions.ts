import { HeaderId } from "../../common/headers/header-id.ts";
import { maskedIp } from "../../common/masked-ip.ts";
import type { RateLimitedRequest } from "../../contracts/router/rate-limit.ts";
import type { JsonValue } from "../../contracts/stream-info.ts";
import { toByteText } from "../../formatter/byte-text.ts";
import { HeaderMatcher, QueryParameterMatcher } from "../matchers.ts";
import { decodedQueryValue } from "./query-value.ts";
import type { MetadataKeyConfig, RateLimitActionConfig } from "./rate-limit-config.ts";

/** Gives the value of an entry: `undefined` when there is none, which drops the descriptor; `null`: leave the entry out. */
export interface RateLimitAction {
  readonly key: string;
  value(request: RateLimitedRequest): string | undefined | null;
}

/** The action as it runs. */
export function createRateLimitAction(config: RateLimitActionConfig): RateLimitAction {
  switch (config.kind) {
    case "source_cluster":
      return { key: config.kind, value: ({ localCluster }) => toByteText(localCluster) };
    case "destination_cluster":
      return { key: config.kind, value: destinationCluster };
    case "remote_address":
      return { key: config.kind, value: (request) => remoteIp(request)?.ip };
    case "masked_remote_address":
      return { key: config.kind, value: (request) => maskedAddress(request, config.v4, config.v6) };
    case "remote_address_match":
      return { key: config.key, value: (request) => addressMatch(request, config) };
    case "generic_key":
      return { key: config.key, value: () => config.value };
    case "request_headers":
    case "query_parameters":
      return lookup(config);
    case "header_value_match":
    case "query_parameter_value_match":
      return match(config);
    case "metadata":
      return metadata(config);
  }
}

type ConfigOf<Kind extends RateLimitActionConfig["kind"]> = Extract<
  RateLimitActionConfig,
  { readonly kind: Kind }
>;

function destinationCluster({ route, headers }: RateLimitedRequest): string | undefined {
  const name = route.routeEntry?.clusterName(headers);
  return name === undefined ? undefined : toByteText(name);
}

function remoteIp({ streamInfo }: RateLimitedRequest): { ip: string; family: 4 | 6 } | undefined {
  const address = streamInfo.downstreamRemoteAddress;
  return address?.kind === "ip" ? address : undefined;
}

function maskedAddress(request: RateLimitedRequest, v4: number, v6: number): string | undefined {
  const address = remoteIp(request);
  if (address === undefined) return undefined;
  const bits = address.family === 4 ? v4 : v6;
  return `${maskedIp(address.ip, address.family, bits)}/${bits}`;
}

function addressMatch(
  request: RateLimitedRequest,
  { value, ranges, invert }: ConfigOf<"remote_address_match">,
): string | undefined {
  const address = remoteIp(request);
  if (address === undefined) return undefined;
  const found = ranges.some(
    ({ ip, family, prefixLength }) =>
      family === address.family && maskedIp(address.ip, family, prefixLength) === ip,
  );
  return found === invert ? undefined : value;
}

function lookup(config: ConfigOf<"request_headers" | "query_parameters">): RateLimitAction {
  const { kind, key, name, skipIfAbsent } = config;
  const absent = skipIfAbsent ? null : undefined;
  return {
    key,
    value: ({ headers }) =>
      (kind === "request_headers"
        ? headers.get(name)
        : decodedQueryValue(headers.getId(HeaderId.Path) ?? "", name)) ?? absent,
  };
}

function match(
  config: ConfigOf<"header_value_match" | "query_parameter_value_match">,
): RateLimitAction {
  const { key, value, expectMatch } = config;
  if (config.kind === "header_value_match") {
    const matchers = config.headers.map((header) => new HeaderMatcher(header));
    return {
      key,
      value: ({ headers }) =>
        matchers.every((matcher) => matcher.match(headers)) === expectMatch ? value : undefined,
    };
  }
  const matchers = config.queryParameters.map((parameter) => new QueryParameterMatcher(parameter));
  return {
    key,
    value: ({ headers }) => {
      const path = headers.getId(HeaderId.Path) ?? "";
      return matchers.every((matcher) => matcher.match(path)) === expectMatch ? value : undefined;
    },
  };
}

function metadata(config: ConfigOf<"metadata">): RateLimitAction {
  const { key, metadataKey, defaultValue, source, skipIfAbsent } = config;
  return {
    key,
    value: (request) => {
      const found =
        source === "dynamic"
          ? dynamicMetadataValue(request, metadataKey)
          : valueAt(request.route.metadata, metadataKey);
      if (typeof found === "string" && found !== "") return toByteText(found);
      if (defaultValue !== "") return defaultValue;
      return skipIfAbsent ? null : undefined;
    },
  };
}

/** What the stream's dynamic metadata has there. */
export function dynamicMetadataValue(
  { streamInfo }: RateLimitedRequest,
  { namespace, path }: MetadataKeyConfig,
): JsonValue | undefined {
  const values = streamInfo.dynamicMetadata?.get(namespace);
  return values === undefined ? undefined : valueAt({ [namespace]: values }, { namespace, path });
}

function valueAt(
  all: { readonly [namespace: string]: { readonly [key: string]: JsonValue } },
  { namespace, path }: MetadataKeyConfig,
): JsonValue | undefined {
  let value: JsonValue | undefined = Object.hasOwn(all, namespace)
    ? (all[namespace] as JsonValue)
    : undefined;
  for (const key of path) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    value = Object.hasOwn(value, key) ? value[key] : undefined;
  }
  return value;
}
