import {
  Composer,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Parser,
  type Alias,
  type CST,
  type Document,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import type { MapEntry, Node } from "./node.ts";
import type { Place, ProblemList } from "./problem.ts";
import type { Source } from "./source.ts";
import { plainJsonValue, plainYamlValue } from "./yaml-scalar.ts";

/** Levels of nesting that are read. */
export const depthMax = 100;

/** Values that aliases may stand for in one text, all together. */
const aliasedMax = 100_000;

/** Syntax errors that are reported of one text: the later ones mostly follow from the first. */
const syntaxErrorsMax = 10;

/**
 * The first document of a YAML text (of which JSON is a part) as a tree with places. Undefined when its syntax is
 * wrong. Doubled keys and the like are reported and left out. `json`: words without quotes are those of JSON only.
 */
export function parseYaml(
  source: Source,
  problems: ProblemList,
  options: { readonly json: boolean },
): Node | undefined {
  const before = problems.errors.length;
  const document = firstDocument(source, problems);
  if (document === undefined || problems.errors.length > before) return undefined;
  for (const error of document.errors.slice(0, syntaxErrorsMax)) {
    problems.error(placeAt(source, error.pos[0]), error.message);
  }
  if (problems.errors.length > before) return undefined;
  return new TreeBuilder(source, problems, options.json).build(document.contents, 0);
}

export function placeAt(source: Source, offset: number): Place {
  return { file: source.file, ...source.position(offset), path: "" };
}

function firstDocument(source: Source, problems: ProblemList): Document.Parsed | undefined {
  const composer = new Composer({
    // Every word is text: what it means is decided by plainYamlValue, as in Envoy.
    schema: "failsafe",
    uniqueKeys: false,
    prettyErrors: false,
  });
  for (const token of new Parser().parse(source.text)) {
    if (token.type === "document") {
      const deep = tooDeep(token);
      if (deep !== undefined) {
        problems.error(placeAt(source, deep), `nested more than ${depthMax} levels deep`);
        return undefined;
      }
    }
    for (const document of composer.next(token)) return document;
  }
  for (const document of composer.end(true, source.text.length)) return document;
  return undefined;
}

/** The offset of a value that is nested too deep. Without recursion: the composer recurses, so this comes first. */
function tooDeep(document: CST.Document): number | undefined {
  const stack: { token: CST.Token; depth: number }[] = [];
  const push = (token: CST.Token | null | undefined, depth: number): void => {
    if (token) stack.push({ token, depth });
  };
  push(document.value, 0);
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { token, depth } = next;
    if (depth > depthMax) return token.offset;
    if (!("items" in token)) continue;
    for (const item of token.items) {
      if ("key" in item) push(item.key, depth + 1);
      if ("value" in item) push(item.value, depth + 1);
    }
  }
  return undefined;
}

class TreeBuilder {
  readonly #source: Source;
  readonly #problems: ProblemList;
  readonly #json: boolean;
  readonly #anchors = new Map<string, Node>();
  #aliased = 0;

  constructor(source: Source, problems: ProblemList, json: boolean) {
    this.#source = source;
    this.#problems = problems;
    this.#json = json;
  }

  build(node: unknown, near: number): Node {
    if (isAlias(node)) return this.#alias(node);
    const built = isMap(node)
      ? this.#map(node)
      : isSeq(node)
        ? this.#list(node)
        : isScalar(node)
          ? this.#scalar(node)
          : this.#nothing(near);
    const anchor = isMap(node) || isSeq(node) || isScalar(node) ? node.anchor : undefined;
    if (anchor !== undefined) this.#anchors.set(anchor, built);
    return built;
  }

  #map(map: YAMLMap): Node {
    const offset = offsetOf(map);
    const entries = new Map<string, MapEntry>();
    let size = 1;
    for (const pair of map.items) {
      const keyOffset = isScalar(pair.key) ? offsetOf(pair.key) : offset;
      const value = this.build(pair.value, keyOffset);
      const key = this.#key(pair.key, keyOffset);
      size += value.size;
      if (key === undefined) continue;
      const first = entries.get(key);
      if (first !== undefined) {
        const { line } = this.#source.position(first.offset);
        this.#error(keyOffset, `"${key}" stands here twice; the first is on line ${line}`);
      } else entries.set(key, { offset: keyOffset, value });
    }
    return { kind: "map", source: this.#source, offset, size, entries };
  }

  #key(key: unknown, offset: number): string | undefined {
    if (isScalar(key) && typeof key.value === "string") return key.value;
    this.#error(offset, "a field name must be a word");
    return undefined;
  }

  #list(list: YAMLSeq): Node {
    const offset = offsetOf(list);
    const items = list.items.map((item) => this.build(item, offset));
    const size = items.reduce((sum, item) => sum + item.size, 1);
    return { kind: "list", source: this.#source, offset, size, items };
  }

  #scalar(scalar: Scalar): Node {
    const offset = offsetOf(scalar);
    const text = typeof scalar.value === "string" ? scalar.value : "";
    const quoted = scalar.type !== "PLAIN" || scalar.tag === "!" || scalar.tag === stringTag;
    return {
      kind: "scalar",
      source: this.#source,
      offset,
      size: 1,
      value: quoted ? text : this.#plain(text, offset),
      text,
    };
  }

  #plain(text: string, offset: number): string | number | boolean | null {
    if (!this.#json) return plainYamlValue(text);
    const value = plainJsonValue(text);
    if (value !== undefined) return value;
    this.#error(offset, `${JSON.stringify(text)} is not JSON; text needs quotes`);
    return null;
  }

  #nothing(offset: number): Node {
    return { kind: "scalar", source: this.#source, offset, size: 1, value: null, text: "" };
  }

  #alias(alias: Alias): Node {
    const offset = offsetOf(alias);
    const target = this.#anchors.get(alias.source);
    if (target === undefined) {
      this.#error(offset, `there is no anchor "&${alias.source}" before this place`);
      return this.#nothing(offset);
    }
    const within = this.#aliased <= aliasedMax;
    this.#aliased += target.size;
    if (this.#aliased > aliasedMax) {
      if (within)
        this.#error(offset, `aliases stand for more than ${aliasedMax} values; write them out`);
      // Once: what follows is more of the same.
      return this.#nothing(offset);
    }
    return target;
  }

  #error(offset: number, text: string): void {
    this.#problems.error(placeAt(this.#source, offset), text);
  }
}

const stringTag = "tag:yaml.org,2002:str";

function offsetOf(node: { range?: readonly [number, number, number] | null }): number {
  return node.range?.[0] ?? 0;
}
