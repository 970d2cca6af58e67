import type {
  HeaderMatcher,
  QueryParameterMatcher,
  RouteMatch,
} from "../config/gen/envoy/config/route/v3/route_components_pb.js";
import type { FractionalPercent } from "../config/gen/envoy/type/v3/percent_pb.js";
import type { StringMatcher } from "../config/gen/envoy/type/matcher/v3/string_pb.js";
import type { Fraction } from "../common/fraction.ts";
import { toByteText } from "../formatter/byte-text.ts";
import { asciiLower } from "./matchers.ts";
import type {
  HeaderMatcherConfig,
  QueryParameterMatcherConfig,
  RouteMatchConfig,
  StringMatcherConfig,
} from "./route-config.ts";

// What is not handled here is refused by its field class; what is returned then is never used.

export function parseMatch(message: RouteMatch): RouteMatchConfig {
  return {
    path: parsePath(message),
    headers: message.headers.map(parseHeaderMatcher),
    queryParameters: message.queryParameters.map(parseQueryParameterMatcher),
    grpc: message.grpc !== undefined,
    fraction: parseFraction(message.runtimeFraction?.defaultValue),
  };
}

function parsePath(message: RouteMatch): RouteMatchConfig["path"] {
  const specifier = message.pathSpecifier;
  const caseSensitive = message.caseSensitive ?? true;
  switch (specifier.case) {
    case "path":
      return { kind: "path", value: toByteText(specifier.value), caseSensitive };
    case "pathSeparatedPrefix":
      return { kind: "path_separated_prefix", value: toByteText(specifier.value), caseSensitive };
    case "prefix":
      return { kind: "prefix", value: toByteText(specifier.value), caseSensitive };
    case "connectMatcher":
      return { kind: "connect", value: "", caseSensitive };
    case "safeRegex":
    case "pathMatchPolicy":
    case undefined:
      return { kind: "prefix", value: "", caseSensitive };
  }
}

const denominators = [100, 10_000, 1_000_000];

/** Undefined for nothing. */
export function parseFraction(value: FractionalPercent | undefined): Fraction | undefined {
  if (value === undefined) return undefined;
  return { numerator: value.numerator, denominator: denominators[value.denominator] ?? 100 };
}

/** The name under which a header is in the map: `host` is kept as `:authority`. */
export function headerMapName(name: string): string {
  const lower = name.toLowerCase();
  return lower === "host" ? ":authority" : lower;
}

export function parseHeaderMatcher(message: HeaderMatcher): HeaderMatcherConfig {
  return {
    name: headerMapName(message.name),
    value: parseHeaderValue(message),
    invert: message.invertMatch,
    treatMissingAsEmpty: message.treatMissingHeaderAsEmpty,
  };
}

const plain = (kind: StringMatcherConfig["kind"], value: string): HeaderMatcherConfig["value"] => ({
  kind: "string",
  matcher: { kind, value: toByteText(value), ignoreCase: false },
});

function parseHeaderValue(message: HeaderMatcher): HeaderMatcherConfig["value"] {
  const specifier = message.headerMatchSpecifier;
  switch (specifier.case) {
    case "stringMatch":
      return { kind: "string", matcher: parseStringMatcher(specifier.value) };
    case "rangeMatch":
      return { kind: "range", start: specifier.value.start, end: specifier.value.end };
    case "presentMatch":
      return { kind: "present", present: specifier.value };
    case "exactMatch":
      return plain("exact", specifier.value);
    case "prefixMatch":
      return plain("prefix", specifier.value);
    case "suffixMatch":
      return plain("suffix", specifier.value);
    case "containsMatch":
      return plain("contains", specifier.value);
    case "safeRegexMatch":
    case undefined:
      return { kind: "present", present: true };
  }
}

export function parseStringMatcher(message: StringMatcher): StringMatcherConfig {
  const pattern = message.matchPattern;
  const text =
    pattern.case === undefined || pattern.case === "safeRegex" || pattern.case === "custom"
      ? { kind: "exact" as const, value: "" }
      : { kind: pattern.case, value: toByteText(pattern.value) };
  const ignoreCase = message.ignoreCase;
  return { ...text, value: ignoreCase ? asciiLower(text.value) : text.value, ignoreCase };
}

export function parseQueryParameterMatcher(
  message: QueryParameterMatcher,
): QueryParameterMatcherConfig {
  const specifier = message.queryParameterMatchSpecifier;
  const matcher =
    specifier.case === "stringMatch"
      ? parseStringMatcher(specifier.value)
      : (specifier.value ?? true);
  return { name: toByteText(message.name), matcher };
}
