import { HeaderId, headerIdOf } from "../common/headers/header-id.ts";
import type { HeaderMap } from "../contracts/headers.ts";
import type { StreamInfo } from "../contracts/stream-info.ts";
import { toByteText } from "../formatter/byte-text.ts";
import { compileFormat, type Formatter } from "../formatter/formatter.ts";
import type { HeaderAdditionConfig, HeaderMutationsConfig } from "./route-config.ts";

// Names that Envoy keeps in one line: adding to them joins with a comma. Well-known names but Cookie, and these.
const joined = new Set([
  "authorization",
  "cache-control",
  "content-encoding",
  "etag",
  "grpc-timeout",
  "origin",
  "proxy-status",
  "vary",
  "x-forwarded-host",
]);

class Addition {
  readonly name: string;
  readonly overwrites: boolean;
  /** True: only if the header is there; false: only if it is not; undefined: always. */
  readonly needsPresence: boolean | undefined;
  readonly joins: boolean;
  readonly #keepEmptyValue: boolean;
  readonly #literal: string | undefined;
  readonly #formatter: Formatter | undefined;

  constructor(config: HeaderAdditionConfig) {
    const id = headerIdOf(config.name);
    this.name = config.name;
    this.overwrites = config.action.startsWith("OVERWRITE");
    this.needsPresence =
      config.action === "OVERWRITE_IF_EXISTS"
        ? true
        : config.action === "ADD_IF_ABSENT"
          ? false
          : undefined;
    this.joins = (id !== 0 && id !== HeaderId.Cookie) || joined.has(config.name);
    this.#keepEmptyValue = config.keepEmptyValue;
    if (config.value.includes("%")) {
      const formatter = compileFormat(config.value, { omitEmptyValues: true });
      if (!formatter.ok) throw new Error(formatter.error);
      this.#formatter = formatter.value;
      this.#literal = undefined;
    } else {
      this.#formatter = undefined;
      this.#literal = toByteText(config.value);
    }
  }

  get reads(): boolean {
    return this.#formatter !== undefined;
  }

  /** What to add; undefined for nothing. */
  value(headers: HeaderMap, streamInfo: StreamInfo): string | undefined {
    const value = this.#literal ?? this.#formatter!.format(streamInfo);
    if (value === "" && !this.#keepEmptyValue) return undefined;
    const wanted = this.needsPresence;
    return wanted !== undefined && headers.has(this.name) !== wanted ? undefined : value;
  }
}

/**
 * The header mutations of one level. Removals come first; then all values are made from what is there, before
 * the first of them is put in; replacements go in before additions.
 */
export class HeaderMutations {
  readonly #remove: readonly string[];
  readonly #add: readonly Addition[];
  /** The values of one `apply`, by addition; kept to spare the allocation. */
  readonly #values: (string | undefined)[];

  constructor(config: HeaderMutationsConfig) {
    this.#remove = config.remove;
    this.#add = config.add.map((addition) => new Addition(addition));
    this.#values = this.#add.map(() => undefined);
  }

  get isEmpty(): boolean {
    return this.#remove.length === 0 && this.#add.length === 0;
  }

  /** True when a value is made from the stream. */
  get reads(): boolean {
    return this.#add.some((addition) => addition.reads);
  }

  apply(headers: HeaderMap, streamInfo: StreamInfo): void {
    for (let i = 0; i < this.#remove.length; i += 1) headers.remove(this.#remove[i]!);
    const additions = this.#add;
    if (additions.length === 0) return;
    const values = this.#values;
    for (let i = 0; i < additions.length; i += 1) {
      values[i] = additions[i]!.value(headers, streamInfo);
    }
    for (let i = 0; i < additions.length; i += 1) {
      const addition = additions[i]!;
      if (addition.overwrites && values[i] !== undefined) overwrite(headers, addition, values[i]!);
    }
    for (let i = 0; i < additions.length; i += 1) {
      const addition = additions[i]!;
      const value = values[i];
      if (addition.overwrites || value === undefined) continue;
      if (addition.joins) headers.append(addition.name, value);
      else headers.add(addition.name, value);
    }
  }
}

/** A name that Envoy keeps in one line is replaced in its place; others move to the end. */
function overwrite(headers: HeaderMap, addition: Addition, value: string): void {
  if (!addition.joins) headers.remove(addition.name);
  headers.set(addition.name, value);
}
