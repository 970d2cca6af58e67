import type { MetadataMatcher } from "../../../config/gen/envoy/type/matcher/v3/metadata_pb.js";
import type { ValueMatcher } from "../../../config/gen/envoy/type/matcher/v3/value_pb.js";
import { parseStringMatcher } from "../../../router/config-match.ts";
import type { MetadataMatcherConfig, ValueMatcherConfig } from "./metadata-matcher.ts";

/** What is missing is reported by the rules of the message. */
export function parseMetadataMatcher(message: MetadataMatcher): MetadataMatcherConfig {
  return {
    namespace: message.filter,
    path: message.path.map(({ segment }) => segment.value ?? ""),
    value: parseValue(message.value),
    invert: message.invert,
  };
}

function parseValue(message: ValueMatcher | undefined): ValueMatcherConfig {
  const pattern = message?.matchPattern;
  switch (pattern?.case) {
    case "doubleMatch": {
      const { case: kind, value } = pattern.value.matchPattern;
      if (kind === "range") return { kind: "range", start: value.start, end: value.end };
      return { kind: "equals", value: value ?? 0 };
    }
    case "stringMatch":
      return { kind: "string", matcher: parseStringMatcher(pattern.value) };
    case "boolMatch":
      return { kind: "equals", value: pattern.value };
    case "presentMatch":
      return { kind: "present", present: pattern.value };
    case "listMatch":
      return { kind: "one_of", matcher: parseValue(pattern.value.matchPattern.value) };
    case "orMatch":
      return { kind: "any", matchers: pattern.value.valueMatchers.map(parseValue) };
    case "nullMatch":
    case undefined:
      return { kind: "null" };
  }
}
