import { encodeBoolean, encodeInteger } from "@sluice/abi";
import type { Environment } from "@marcbachmann/cel-js";
import type { JsonValue } from "../../../../contracts/stream-info.ts";
import {
  encodeDouble,
  encodePairs,
  encodeValue,
  JsonPart,
  Nanoseconds,
  nullValue,
  utf8,
  type Value,
} from "../attributes/value.ts";

interface CelDuration {
  readonly seconds: bigint | number;
  readonly nanos: bigint | number;
}
type DurationClass = new (seconds: bigint, nanos: number) => CelDuration;

const giga = 1_000_000_000n;

/** Values as expressions have them, and back. */
export class ExpressionValues {
  readonly #duration: DurationClass;
  /** What an object of the running expression was made of: as a whole it is encoded as that. */
  #origins = new WeakMap<object, Value | typeof noForm>();

  constructor(environment: Environment) {
    const sample = environment.evaluate("duration('0s')") as object;
    this.#duration = sample.constructor as DurationClass;
  }

  /** An expression has ended. */
  forget(): void {
    this.#origins = new WeakMap();
  }

  /** An object whose parts are looked up by name, and which has no form as a whole. */
  whole(part: (name: string) => unknown): object {
    const object = this.lookup(part);
    this.#origins.set(object, noForm);
    return object;
  }

  /** An object whose parts are looked up by name. */
  lookup(part: (name: string) => unknown): Record<string, unknown> {
    const get = (key: string | symbol): unknown => {
      if (key === "constructor") return Object;
      return typeof key === "string" ? part(key) : undefined;
    };
    return new Proxy<Record<string, unknown>>(
      {},
      {
        get: (_target, key) => get(key),
        has: (_target, key) => get(key) !== undefined,
        getOwnPropertyDescriptor: (_target, key) => {
          const value = get(key);
          return value === undefined
            ? undefined
            : { value, configurable: true, enumerable: true, writable: true };
        },
      },
    );
  }

  /** A property as expressions have it. Throws for one that is too long. */
  plain(value: Value): unknown {
    if (typeof value === "string" || value instanceof Uint8Array) refuseLong(value);
    if (typeof value === "string") return Buffer.from(value, "latin1").toString();
    if (value instanceof Nanoseconds) return this.#time(value);
    if (value === nullValue) return null;
    if (value instanceof JsonPart) return plainJson(value.json);
    if (typeof value !== "object" || value instanceof Uint8Array) return value;
    const entries = Object.entries(value.plain()).map(([key, part]) => [key, this.plain(part)]);
    const object = Object.fromEntries(entries) as object;
    this.#origins.set(object, value);
    return object;
  }

  #time({ kind, value }: Nanoseconds): unknown {
    if (kind === "timestamp") return new Date(Number(value / 1_000_000n));
    return new this.#duration(value / giga, Number(value % giga));
  }

  /** A result as guests get it; undefined when it has no such form. */
  encode(value: unknown): Uint8Array | undefined {
    if (typeof value === "string") return utf8(value);
    if (typeof value === "bigint") return encodeInteger(value);
    if (typeof value === "number") return encodeDouble(value);
    if (typeof value === "boolean") return encodeBoolean(value);
    return typeof value === "object" && value !== null ? this.#encodeObject(value) : undefined;
  }

  #encodeObject(value: object): Uint8Array | undefined {
    const origin = this.#origins.get(value);
    if (origin === noForm) return undefined;
    if (origin !== undefined) {
      const encoded = encodeValue(origin);
      return typeof encoded === "string" ? Buffer.from(encoded, "latin1") : encoded;
    }
    if (value instanceof Uint8Array) return value;
    if (value instanceof Date) return encodeInteger(BigInt(value.getTime()) * 1_000_000n);
    if (value instanceof this.#duration) {
      return encodeInteger(BigInt(value.seconds) * giga + BigInt(value.nanos));
    }
    if (Array.isArray(value)) return this.#encodePairs(value.map((element) => [element, ""]));
    if (Object.getPrototypeOf(value) === Object.prototype) {
      return this.#encodePairs(Object.entries(value));
    }
    // The one other kind of numbers: unsigned.
    const { value: unsigned } = value as { readonly value?: unknown };
    return typeof unsigned === "bigint" || typeof unsigned === "number"
      ? encodeInteger(BigInt(unsigned))
      : undefined;
  }

  #encodePairs(pairs: readonly (readonly [unknown, unknown])[]): Uint8Array | undefined {
    const encoded: [string, string][] = [];
    for (const [key, value] of pairs) {
      const bytes = [this.encode(key), this.encode(value)];
      if (bytes[0] === undefined || bytes[1] === undefined) return undefined;
      const [name, content] = bytes.map((part) => Buffer.from(part!).toString("latin1"));
      encoded.push([name!, content!]);
    }
    return encodePairs(encoded);
  }
}

const noForm = Symbol("no form");

/** Bytes of the longest property that an expression may look at: none of its functions can be cut short. */
const textBytesMax = 65_536;

function refuseLong(value: string | Uint8Array): void {
  if (value.length > textBytesMax) throw new Error(`it has more than ${textBytesMax} bytes`);
}

/** Objects without a prototype's names; numbers stay doubles. */
function plainJson(json: JsonValue): unknown {
  if (typeof json !== "object" || json === null) return json;
  if (Array.isArray(json)) return json.map(plainJson);
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, plainJson(value)]));
}
