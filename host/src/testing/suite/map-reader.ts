import { closest } from "../../common/closest.ts";
import { describe, type MapEntry, type Node, type ScalarNode } from "../../config/node.ts";
import type { Place, ProblemList } from "../../config/problem.ts";
import type { JsonMap, JsonValue } from "./suite.ts";

/** Where a node stands. */
export function placeOf(node: Pick<Node, "source" | "offset">, path: string): Place {
  const source = node.source!;
  return { file: source.file, ...source.position(node.offset), path };
}

/** A node with what it is called. */
export interface Value {
  readonly node: Node;
  readonly path: string;
  /** Where it is to be looked for: its key, or itself. */
  readonly place: Place;
}

/** Reads the fields of a group; what is wrong is reported, and what is not asked for is unknown. */
export class MapReader {
  readonly problems: ProblemList;
  readonly path: string;
  readonly place: Place;
  readonly #entries: ReadonlyMap<string, MapEntry>;
  readonly #asked = new Set<string>();
  readonly #node: Node;

  /** A node that is no group is reported, and read as an empty one. */
  constructor(value: Value, problems: ProblemList) {
    this.problems = problems;
    this.path = value.path;
    this.place = value.place;
    this.#node = value.node;
    if (value.node.kind === "map") this.#entries = value.node.entries;
    else {
      this.#entries = new Map();
      const isNothing = value.node.kind === "scalar" && value.node.value === null;
      if (!isNothing) wrongType(value, "a group of fields", problems);
    }
  }

  get names(): Iterable<string> {
    return this.#entries.keys();
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /** The field, if it is there. */
  get(name: string): Value | undefined {
    this.#asked.add(name);
    const entry = this.#entries.get(name);
    return entry && this.#value(name, entry);
  }

  /** All fields, whatever they are called. */
  all(): (Value & { readonly name: string })[] {
    return [...this.#entries].map(([name, entry]) => {
      this.#asked.add(name);
      return { name, ...this.#value(name, entry) };
    });
  }

  group(name: string): MapReader | undefined {
    const value = this.get(name);
    return value && new MapReader(value, this.problems);
  }

  list(name: string): readonly Value[] | undefined {
    const value = this.get(name);
    return value && listOf(value, this.problems);
  }

  text(name: string): string | undefined {
    const value = this.get(name);
    return value && textOf(value, this.problems);
  }

  flag(name: string): boolean {
    const value = this.get(name);
    if (value === undefined) return false;
    if (value.node.kind === "scalar" && typeof value.node.value === "boolean") {
      return value.node.value;
    }
    wrongType(value, "true or false", this.problems);
    return false;
  }

  /** A whole number in these bounds. */
  whole(name: string, min: number, max: number): number | undefined {
    const value = this.get(name);
    return value && wholeOf(value, min, max, this.problems);
  }

  /** `250ms`, `5s`, `1m`, `2h` or `1d`, in ms. */
  duration(name: string): number | undefined {
    const value = this.get(name);
    return value && durationOf(value, this.problems);
  }

  oneOf<T extends string>(name: string, words: readonly T[]): T | undefined {
    const value = this.get(name);
    if (value === undefined) return undefined;
    const { node } = value;
    const found = words.find((word) => node.kind === "scalar" && node.text === word);
    if (found === undefined) {
      this.error(value, `must be one of ${words.join(", ")}; this is ${describe(node)}`);
    }
    return found;
  }

  /** Says of the fields that nobody has asked for that they are unknown. */
  end(more: readonly string[] = []): void {
    const known = [...this.#asked, ...more];
    for (const [name, entry] of this.#entries) {
      if (this.#asked.has(name)) continue;
      const near = closest(name, known);
      const mend = near === undefined ? `there are ${known.join(", ")}` : `did you mean "${near}"?`;
      const place = placeOf({ source: this.#node.source, offset: entry.offset }, this.path);
      this.problems.error(place, `there is no field "${name}" here; ${mend}`);
    }
  }

  error(value: { readonly place: Place }, text: string): void {
    this.problems.error(value.place, text);
  }

  #value(name: string, entry: MapEntry): Value {
    const path = this.path === "" ? name : `${this.path}.${name}`;
    const isPlain = entry.value.kind === "scalar" && entry.value.value !== null;
    const offset = isPlain ? entry.value.offset : entry.offset;
    return {
      node: entry.value,
      path,
      place: placeOf({ source: this.#node.source, offset }, path),
    };
  }
}

function wrongType(value: Value, wantedText: string, problems: ProblemList): void {
  problems.error(value.place, `must be ${wantedText}; this is ${describe(value.node)}`);
}

/** The elements of a list; one that is no list is reported. */
export function listOf(value: Value, problems: ProblemList): readonly Value[] {
  if (value.node.kind !== "list") {
    wrongType(value, "a list", problems);
    return [];
  }
  return value.node.items.map((node, i) => {
    const path = `${value.path}[${i}]`;
    return { node, path, place: placeOf(node.source === undefined ? value.node : node, path) };
  });
}

/** Where `path` (`[0].match.prefix`) leads within a value, as far as it does. */
export function placeWithin(value: Value, path: string): Place {
  let { node } = value;
  let place = value.place;
  for (const [, name, index] of path.matchAll(/\.?([^.[\]]+)|\[(\d+)\]/g)) {
    const { kind, source } = node;
    const entry = kind === "map" && name !== undefined ? node.entries.get(name) : undefined;
    const item = kind === "list" && index !== undefined ? node.items[Number(index)] : undefined;
    const next = entry?.value ?? item;
    if (next === undefined || source === undefined) break;
    place = placeOf({ source, offset: entry?.offset ?? next.offset }, "");
    node = next;
  }
  return { ...place, path: `${value.path}${path}` };
}

/** Any scalar as it is written. */
export function textOf(value: Value, problems: ProblemList): string {
  if (value.node.kind === "scalar" && value.node.value !== null) return value.node.text;
  wrongType(value, "a text", problems);
  return "";
}

function wholeOf(value: Value, min: number, max: number, problems: ProblemList): number {
  const number = value.node.kind === "scalar" ? value.node.value : undefined;
  if (typeof number === "number" && Number.isInteger(number) && number >= min && number <= max) {
    return number;
  }
  wrongType(value, `a whole number from ${min} to ${max}`, problems);
  return min;
}

const units: { readonly [unit: string]: number } = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

export function durationOf(value: Value, problems: ProblemList): number {
  const text = value.node.kind === "scalar" ? value.node.text : "";
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  if (match !== null) return Number(match[1]) * units[match[2]!]!;
  wrongType(value, "a time such as 250ms, 5s, 1m, 2h or 1d", problems);
  return 0;
}

/** The value as JSON has it. Fractions are numbers. */
export function jsonOf(node: Node): JsonValue {
  if (node.kind === "list") return node.items.map(jsonOf);
  if (node.kind === "map") {
    const entries = [...node.entries].map(([name, { value }]) => [name, jsonOf(value)] as const);
    return Object.fromEntries(entries);
  }
  return isFraction(node) ? Number(node.text) : node.value;
}

/** The proxy's reader takes what has a point for a text, since its fields know better. */
function isFraction(node: ScalarNode): boolean {
  const isQuoted = /["']/.test(node.source?.text[node.offset] ?? "");
  return !isQuoted && /^-?\d+\.\d+(?:[eE][+-]?\d+)?$/.test(node.text);
}

export function jsonMapOf(value: Value, problems: ProblemList): JsonMap {
  if (value.node.kind === "map") return jsonOf(value.node) as JsonMap;
  wrongType(value, "a group of fields", problems);
  return {};
}
