import type {
  RateLimit,
  RateLimit_Action,
  RateLimit_Action_MaskedRemoteAddress,
  RateLimit_Action_RemoteAddressMatch,
  RateLimit_Action_MetaData,
  RateLimit_HitsAddend,
  RateLimit_Override,
} from "../../config/gen/envoy/config/route/v3/route_components_pb.js";
import { canonicalIp } from "../../common/address.ts";
import { maskedIp } from "../../common/masked-ip.ts";
import type { MetadataKey } from "../../config/gen/envoy/type/metadata/v3/metadata_pb.js";
import type { ParseContext } from "../../contracts/extension.ts";
import { toByteText } from "../../formatter/byte-text.ts";
import { compileFormat } from "../../formatter/formatter.ts";
import { headerMapName, parseHeaderMatcher, parseQueryParameterMatcher } from "../config-match.ts";
import type {
  AddressRange,
  HitsAddendConfig,
  MetadataKeyConfig,
  RateLimitActionConfig,
  RateLimitConfig,
  RateLimitLimitConfig,
} from "./rate-limit-config.ts";

/**
 * `rate_limits`: of routes and virtual hosts, or (`ofFilter`) of a filter and of its settings per route, which alone may
 * say how much a request counts.
 */
export function parseRateLimits(
  messages: readonly RateLimit[],
  ofFilter: boolean,
  context: ParseContext,
): RateLimitConfig[] {
  return messages.map((message) => {
    if (message.hitsAddend !== undefined && !ofFilter) {
      const text = "counts only in rate_limits of the filter, or of its typed_per_filter_config";
      context.problem(message, "hits_addend", text);
    }
    return {
      stage: message.stage ?? 0,
      applyOnStreamDone: message.applyOnStreamDone,
      actions: message.actions.map((action) => parseAction(action, context)),
      limit: message.limit && parseLimit(message.limit),
      hitsAddend: message.hitsAddend && parseHits(message.hitsAddend, context),
    };
  });
}

function parseHits(message: RateLimit_HitsAddend, context: ParseContext): HitsAddendConfig {
  const isNegative = message.isNegativeHits;
  if (message.format === "") return { hits: Number(message.number ?? 1n), isNegative };
  if (message.number !== undefined) {
    context.problem(message, "format", "and number exclude each other");
  }
  const format = compileFormat(message.format);
  if (!format.ok) context.problem(message, "format", format.error);
  return { hits: message.format, isNegative };
}

function parseLimit({ overrideSpecifier }: RateLimit_Override): RateLimitLimitConfig {
  if (overrideSpecifier.case === "rateLimit") {
    const { requestsPerUnit, unit } = overrideSpecifier.value;
    return { kind: "fixed", limit: { requestsPerUnit, unit } };
  }
  return { kind: "metadata", key: parseKey(overrideSpecifier.value?.metadataKey) };
}

function parseKey(key: MetadataKey | undefined): MetadataKeyConfig {
  return {
    namespace: key?.key ?? "",
    path: (key?.path ?? []).map(({ segment }) => (segment.case === "key" ? segment.value : "")),
  };
}

const v4Bits = 32;
const v6Bits = 128;
const routeEntry = 1;

// What is not handled here is refused by its field class; what is returned then is never used.
function parseAction(
  { actionSpecifier: action }: RateLimit_Action,
  context: ParseContext,
): RateLimitActionConfig {
  switch (action.case) {
    case "destinationCluster":
      return { kind: "destination_cluster" };
    case "remoteAddress":
      return { kind: "remote_address" };
    case "requestHeaders":
    case "queryParameters":
      return parseLookup(action);
    case "maskedRemoteAddress":
      return parseMask(action.value);
    case "remoteAddressMatch":
      return parseAddressMatch(action.value, context);
    case "genericKey": {
      const { descriptorKey, descriptorValue } = action.value;
      const key = descriptorKey === "" ? "generic_key" : descriptorKey;
      return { kind: "generic_key", key, value: toByteText(descriptorValue) };
    }
    case "headerValueMatch":
    case "queryParameterValueMatch":
      return parseMatch(action);
    case "metadata":
      return parseMetadata(action.value);
    case "sourceCluster":
    case "dynamicMetadata":
    case "extension":
    case undefined:
      return { kind: "source_cluster" };
  }
}

function parseMetadata(message: RateLimit_Action_MetaData): RateLimitActionConfig {
  const { descriptorKey: key, metadataKey, defaultValue, source, skipIfAbsent } = message;
  return {
    kind: "metadata",
    key,
    metadataKey: parseKey(metadataKey),
    defaultValue: toByteText(defaultValue),
    source: source === routeEntry ? "route" : "dynamic",
    skipIfAbsent,
  };
}

type LookupAction = Extract<
  RateLimit_Action["actionSpecifier"],
  { readonly case: "requestHeaders" | "queryParameters" }
>;

function parseLookup(action: LookupAction): RateLimitActionConfig {
  const { descriptorKey: key, skipIfAbsent } = action.value;
  if (action.case === "requestHeaders") {
    const name = headerMapName(action.value.headerName);
    return { kind: "request_headers", name, key, skipIfAbsent };
  }
  const name = toByteText(action.value.queryParameterName);
  return { kind: "query_parameters", name, key, skipIfAbsent };
}

function parseMask(message: RateLimit_Action_MaskedRemoteAddress): RateLimitActionConfig {
  const { v4PrefixMaskLen: v4 = v4Bits, v6PrefixMaskLen: v6 = v6Bits } = message;
  return { kind: "masked_remote_address", v4, v6 };
}

function parseAddressMatch(
  message: RateLimit_Action_RemoteAddressMatch,
  context: ParseContext,
): RateLimitActionConfig {
  const { descriptorKey, descriptorValue, addressMatcher } = message;
  const ranges: AddressRange[] = [];
  for (const range of addressMatcher?.ranges ?? []) {
    const address = canonicalIp(range.addressPrefix);
    const prefixLength = range.prefixLen ?? 0;
    if (address === undefined) {
      context.problem(range, "address_prefix", `"${range.addressPrefix}" is not an IP address`);
    } else if (prefixLength > (address.family === 4 ? v4Bits : v6Bits)) {
      context.problem(range, "prefix_len", "is longer than the address");
    } else {
      const ip = maskedIp(address.ip, address.family, prefixLength);
      ranges.push({ ip, family: address.family, prefixLength });
    }
  }
  return {
    kind: "remote_address_match",
    key: descriptorKey === "" ? "remote_address_match" : descriptorKey,
    value: toByteText(descriptorValue),
    ranges,
    invert: addressMatcher?.invertMatch ?? false,
  };
}

type MatchAction = Extract<
  RateLimit_Action["actionSpecifier"],
  { readonly case: "headerValueMatch" | "queryParameterValueMatch" }
>;

function parseMatch(action: MatchAction): RateLimitActionConfig {
  const value = toByteText(action.value.descriptorValue);
  const expectMatch = action.value.expectMatch ?? true;
  if (action.case === "headerValueMatch") {
    const headers = action.value.headers.map(parseHeaderMatcher);
    const key = action.value.descriptorKey || "header_match";
    return { kind: "header_value_match", key, value, expectMatch, headers };
  }
  const queryParameters = action.value.queryParameters.map(parseQueryParameterMatcher);
  const key = action.value.descriptorKey || "query_match";
  return { kind: "query_parameter_value_match", key, value, expectMatch, queryParameters };
}
