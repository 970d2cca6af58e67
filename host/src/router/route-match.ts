import { HeaderId } from "../common/headers/header-id.ts";
import type { RequestHeaderMap } from "../contracts/headers.ts";
import { asciiLower, HeaderMatcher, isGrpcRequest, QueryParameterMatcher } from "./matchers.ts";
import type { RouteMatchConfig } from "./route-config.ts";

/** `RouteMatch`, ready to be asked. */
export class RouteMatch {
  readonly #kind: RouteMatchConfig["path"]["kind"];
  readonly #value: string;
  readonly #caseSensitive: boolean;
  /** A `?` in the value: paths are matched without their query, so nothing can match. */
  readonly #never: boolean;
  readonly #headers: readonly HeaderMatcher[];
  readonly #queryParameters: readonly QueryParameterMatcher[];
  readonly #grpc: boolean;
  readonly #fraction: RouteMatchConfig["fraction"];
  readonly #onlyPath: boolean;

  constructor(config: RouteMatchConfig) {
    const { kind, value, caseSensitive } = config.path;
    this.#kind = kind;
    this.#value = caseSensitive ? value : asciiLower(value);
    this.#caseSensitive = caseSensitive;
    this.#never = value.includes("?");
    this.#headers = config.headers.map((matcher) => new HeaderMatcher(matcher));
    this.#queryParameters = config.queryParameters.map((m) => new QueryParameterMatcher(m));
    this.#grpc = config.grpc;
    this.#fraction = config.fraction;
    this.#onlyPath =
      this.#headers.length === 0 &&
      this.#queryParameters.length === 0 &&
      !this.#grpc &&
      this.#fraction === undefined;
  }

  /** `path` is the whole `:path`, `pathEnd` where its query begins (or its length). */
  match(headers: RequestHeaderMap, path: string, pathEnd: number, random: number): boolean {
    const matches =
      this.#kind === "connect"
        ? headers.getId(HeaderId.Method) === "CONNECT"
        : this.#matchPath(path, pathEnd);
    return matches && (this.#onlyPath || this.#matchRest(headers, path, random));
  }

  #matchPath(path: string, pathEnd: number): boolean {
    const value = this.#value;
    if (pathEnd < value.length || this.#never) return false;
    const starts = this.#caseSensitive
      ? path.startsWith(value)
      : asciiLower(path.slice(0, value.length)) === value;
    if (!starts || this.#kind === "prefix") return starts;
    if (pathEnd === value.length) return true;
    return this.#kind === "path_separated_prefix" && path.charCodeAt(value.length) === 47;
  }

  #matchRest(headers: RequestHeaderMap, path: string, random: number): boolean {
    const fraction = this.#fraction;
    if (fraction !== undefined && random % fraction.denominator >= fraction.numerator) return false;
    if (this.#grpc && !isGrpcRequest(headers)) return false;
    for (let i = 0; i < this.#headers.length; i += 1) {
      if (!this.#headers[i]!.match(headers)) return false;
    }
    for (let i = 0; i < this.#queryParameters.length; i += 1) {
      if (!this.#queryParameters[i]!.match(path)) return false;
    }
    return true;
  }
}
