import type { RequestHeaderMap } from "../../../contracts/headers.ts";
import { StringMatcher } from "../../../router/matchers.ts";
import type { StringMatcherConfig } from "../../../router/route-config.ts";
import type { HeaderPair } from "../../common/ext_authz/auth-response.ts";
import { validUtf8 } from "../../../common/protobuf/valid-utf8.ts";

/** Says in a check whether the body in it is whole; a client's own is left out. */
export const partialBodyHeader = "x-envoy-auth-partial-body";

/** Which of the request's headers the service is told, and how. */
export interface CheckHeadersOptions {
  /** Undefined: all. */
  readonly allowed: readonly StringMatcherConfig[] | undefined;
  readonly disallowed: readonly StringMatcherConfig[];
  /** Line by line as they came; else those of one name are joined with a comma, as UTF-8. */
  readonly raw: boolean;
}

/** Chooses headers for the service. */
export class CheckHeaders {
  readonly raw: boolean;
  readonly #allowed: readonly StringMatcher[] | undefined;
  readonly #disallowed: readonly StringMatcher[];

  constructor({ allowed, disallowed, raw }: CheckHeadersOptions) {
    this.raw = raw;
    this.#allowed = allowed?.map((config) => new StringMatcher(config));
    this.#disallowed = disallowed.map((config) => new StringMatcher(config));
  }

  collect(headers: RequestHeaderMap): HeaderPair[] {
    const pairs: HeaderPair[] = [];
    for (let i = 0; i < headers.size; i += 1) {
      const name = headers.nameAt(i);
      if (name === partialBodyHeader || !this.#allows(name)) continue;
      if (this.raw) pairs.push([name, headers.valueAt(i)]);
      else if (!includesName(pairs, name)) pairs.push([name, validUtf8(headers.getJoined(name)!)]);
    }
    return pairs;
  }

  #allows(name: string): boolean {
    if (matchesAny(this.#disallowed, name)) return false;
    return this.#allowed === undefined || matchesAny(this.#allowed, name);
  }
}

export function matchesAny(matchers: readonly StringMatcher[], text: string): boolean {
  for (let i = 0; i < matchers.length; i += 1) if (matchers[i]!.match(text)) return true;
  return false;
}

function includesName(pairs: readonly HeaderPair[], name: string): boolean {
  for (let i = 0; i < pairs.length; i += 1) if (pairs[i]![0] === name) return true;
  return false;
}
