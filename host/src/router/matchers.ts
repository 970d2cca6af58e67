import { HeaderId, headerIdOf } from "../common/headers/header-id.ts";
import type { RequestHeaderMap } from "../contracts/headers.ts";
import type {
  HeaderMatcherConfig,
  QueryParameterMatcherConfig,
  StringMatcherConfig,
} from "./route-config.ts";

/** `envoy.type.matcher.v3.StringMatcher` without regular expressions. */
export class StringMatcher {
  readonly #kind: StringMatcherConfig["kind"];
  readonly #value: string;
  readonly #ignoreCase: boolean;

  constructor(config: StringMatcherConfig) {
    this.#kind = config.kind;
    this.#value = config.value;
    this.#ignoreCase = config.ignoreCase;
  }

  match(text: string): boolean {
    const subject = this.#ignoreCase ? asciiLower(text) : text;
    switch (this.#kind) {
      case "exact":
        return subject === this.#value;
      case "prefix":
        return subject.startsWith(this.#value);
      case "suffix":
        return subject.endsWith(this.#value);
      case "contains":
        return subject.includes(this.#value);
    }
  }
}

const upperCase = /[A-Z]/;
const upperCases = /[A-Z]+/g;

/** Lower case of A-Z only: other bytes of a header are not letters to HTTP. */
export function asciiLower(text: string): string {
  return upperCase.test(text) ? text.replaceAll(upperCases, (run) => run.toLowerCase()) : text;
}

const decimal = /^[ \t\n\v\f\r]*[+-]?[0-9]+[ \t\n\v\f\r]*$/;
const int64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };

/** A 64-bit integer in decimal text, as Envoy reads it; undefined when it is none. */
function parseInt64(text: string): bigint | undefined {
  if (!decimal.test(text)) return undefined;
  const value = BigInt(text.trim().replace(/^\+/, ""));
  return value < int64.min || value > int64.max ? undefined : value;
}

/** `HeaderMatcher`. Several lines of one name are tried one by one: one that matches is enough. */
export class HeaderMatcher {
  readonly #config: HeaderMatcherConfig;
  readonly #id: number;
  readonly #string: StringMatcher | undefined;

  constructor(config: HeaderMatcherConfig) {
    this.#config = config;
    this.#id = headerIdOf(config.name);
    this.#string =
      config.value.kind === "string" ? new StringMatcher(config.value.matcher) : undefined;
  }

  match(headers: RequestHeaderMap): boolean {
    const { name, value, invert, treatMissingAsEmpty } = this.#config;
    const present = this.#id === 0 ? headers.has(name) : headers.hasId(this.#id);
    if (value.kind === "present") {
      return (present || treatMissingAsEmpty) === (value.present !== invert);
    }
    if (!present) return treatMissingAsEmpty && this.#matchValue("") !== invert;
    return this.#matchAny(headers) !== invert;
  }

  #matchAny(headers: RequestHeaderMap): boolean {
    const name = this.#config.name;
    for (let i = 0; i < headers.size; i += 1) {
      if (headers.nameAt(i) === name && this.#matchValue(headers.valueAt(i))) return true;
    }
    return false;
  }

  #matchValue(text: string): boolean {
    const value = this.#config.value;
    if (value.kind !== "range") return this.#string!.match(text);
    const number = parseInt64(text);
    return number !== undefined && number >= value.start && number < value.end;
  }
}

/** `QueryParameterMatcher`: looks at the first parameter of the name, which is not percent-decoded. */
export class QueryParameterMatcher {
  readonly #name: string;
  readonly #matcher: StringMatcher | boolean;

  constructor(config: QueryParameterMatcherConfig) {
    this.#name = config.name;
    this.#matcher =
      typeof config.matcher === "boolean" ? config.matcher : new StringMatcher(config.matcher);
  }

  /** `path`: the whole `:path`. */
  match(path: string): boolean {
    const value = firstQueryValue(path, this.#name);
    if (typeof this.#matcher === "boolean") return (value !== undefined) === this.#matcher;
    return value !== undefined && this.#matcher.match(value);
  }
}

/** The undecoded value of the first parameter `name`: empty without `=`, undefined when there is none. */
export function firstQueryValue(path: string, name: string): string | undefined {
  let start = path.indexOf("?") + 1;
  if (start === 0) return undefined;
  while (start <= path.length) {
    let end = path.indexOf("&", start);
    if (end < 0) end = path.length;
    let equals = path.indexOf("=", start);
    if (equals < 0 || equals > end) equals = end;
    if (equals - start === name.length && path.startsWith(name, start)) {
      return path.slice(Math.min(equals + 1, end), end);
    }
    start = end + 1;
  }
  return undefined;
}

/** True for `application/grpc` and `application/grpc+…`. */
export function isGrpcRequest(headers: RequestHeaderMap): boolean {
  const type = headers.getId(HeaderId.ContentType);
  if (type === undefined || !type.startsWith("application/grpc")) return false;
  return type.length === 16 || type.charCodeAt(16) === 43;
}
