import type { JsonValue } from "../../../contracts/stream-info.ts";
import { toByteText } from "../../../formatter/byte-text.ts";
import { StringMatcher } from "../../../router/matchers.ts";
import type { StringMatcherConfig } from "../../../router/route-config.ts";

/** `envoy.type.matcher.v3.MetadataMatcher` as plain data. */
export interface MetadataMatcherConfig {
  readonly namespace: string;
  readonly path: readonly string[];
  readonly value: ValueMatcherConfig;
  readonly invert: boolean;
}

/** `envoy.type.matcher.v3.ValueMatcher`. */
export type ValueMatcherConfig =
  | { readonly kind: "null" }
  | { readonly kind: "equals"; readonly value: boolean | number }
  /** `end` is exclusive. */
  | { readonly kind: "range"; readonly start: number; readonly end: number }
  | { readonly kind: "string"; readonly matcher: StringMatcherConfig }
  | { readonly kind: "present"; readonly present: boolean }
  /** One element of a list. */
  | { readonly kind: "one_of"; readonly matcher: ValueMatcherConfig }
  | { readonly kind: "any"; readonly matchers: readonly ValueMatcherConfig[] };

type Metadata = ReadonlyMap<string, { readonly [key: string]: JsonValue }> | undefined;

/** Asks whether a value of the dynamic metadata is as it should be. */
export class MetadataMatcher {
  readonly #config: MetadataMatcherConfig;
  readonly #matches: ValueMatcher;

  constructor(config: MetadataMatcherConfig) {
    this.#config = config;
    this.#matches = createValueMatcher(config.value);
  }

  match(metadata: Metadata): boolean {
    const { namespace, path, invert } = this.#config;
    let found: JsonValue | undefined = metadata?.get(namespace);
    for (let i = 0; i < path.length && found !== undefined; i += 1) found = member(found, path[i]!);
    return this.#matches(found) !== invert;
  }
}

function member(value: JsonValue, key: string): JsonValue | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, key) ? value[key] : undefined;
}

type ValueMatcher = (value: JsonValue | undefined) => boolean;

function createValueMatcher(config: ValueMatcherConfig): ValueMatcher {
  switch (config.kind) {
    case "null":
      return (value) => value === null;
    case "equals":
      return (value) => value === config.value;
    case "range":
      return (value) => typeof value === "number" && value >= config.start && value < config.end;
    case "string":
      return stringMatcher(new StringMatcher(config.matcher));
    case "present":
      return (value) => config.present && value !== undefined && value !== null;
    case "one_of": {
      const matches = createValueMatcher(config.matcher);
      return (value) => Array.isArray(value) && value.some(matches);
    }
    case "any": {
      const matchers = config.matchers.map(createValueMatcher);
      return (value) => matchers.some((matches) => matches(value));
    }
  }
}

/** Text is compared byte by byte, as everywhere. */
function stringMatcher(matcher: StringMatcher): ValueMatcher {
  return (value) => typeof value === "string" && matcher.match(toByteText(value));
}
