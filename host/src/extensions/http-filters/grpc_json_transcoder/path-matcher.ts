import {
  anySegments,
  oneSegment,
  type PathTemplate,
  type TemplateSegment,
} from "./path-template.ts";

/** Templates as a tree of segments, each leaf with what was registered for an HTTP method. */
class Node<T> {
  readonly literals = new Map<string, Node<T>>();
  one: Node<T> | undefined = undefined;
  any: Node<T> | undefined = undefined;
  /** By HTTP method and verb. */
  readonly values = new Map<string, T>();

  child(segment: TemplateSegment): Node<T> {
    if (segment === oneSegment) return (this.one ??= new Node());
    if (segment === anySegments) return (this.any ??= new Node());
    let child = this.literals.get(segment);
    if (child === undefined) this.literals.set(segment, (child = new Node()));
    return child;
  }
}

/** Custom methods of this kind take every HTTP method. */
const everyMethod = "*";
const keyOf = (method: string, verb: string): string => `${method} ${verb}`;

/** A path that matched. */
export interface PathMatch<T> {
  readonly value: T;
  /** Of the path, still escaped. */
  readonly segments: readonly string[];
}

/** Finds what was registered for the template that says most about a path: text before `*` before `**`. */
export class PathMatcher<T> {
  readonly #root = new Node<T>();
  readonly #verbs = new Set<string>();
  readonly #matchUnregisteredVerbs: boolean;

  constructor(matchUnregisteredVerbs: boolean) {
    this.#matchUnregisteredVerbs = matchUnregisteredVerbs;
  }

  /** False when there is something for the same paths already. */
  register(method: string, template: PathTemplate, value: T): boolean {
    let node = this.#root;
    for (const segment of template.segments) node = node.child(segment);
    const key = keyOf(method, template.verb);
    if (node.values.has(key)) return false;
    node.values.set(key, value);
    if (template.verb !== "") this.#verbs.add(template.verb);
    return true;
  }

  /** `path`: without its query. */
  match(method: string, path: string): PathMatch<T> | undefined {
    const { segments, verb } = this.#partsOf(path);
    const search: Search = { segments, method, verb };
    const value = find(this.#root, search, 0);
    return value === undefined ? undefined : { value, segments };
  }

  #partsOf(path: string): { segments: string[]; verb: string } {
    const segments = path.slice(1).split("/");
    if (segments.at(-1) === "") segments.pop();
    const last = segments.at(-1);
    const colon = last === undefined ? -1 : last.lastIndexOf(":");
    if (colon < 0) return { segments, verb: "" };
    const verb = last!.slice(colon + 1);
    if (!this.#matchUnregisteredVerbs && !this.#verbs.has(verb)) return { segments, verb: "" };
    segments[segments.length - 1] = last!.slice(0, colon);
    return { segments, verb };
  }
}

interface Search {
  readonly segments: readonly string[];
  readonly method: string;
  readonly verb: string;
}

function find<T>(node: Node<T>, search: Search, at: number): T | undefined {
  const { segments } = search;
  let found: T | undefined;
  if (at === segments.length) {
    found = valueOf(node, search);
  } else {
    const segment = segments[at]!;
    const literal = node.literals.get(segment);
    if (literal !== undefined) found = find(literal, search, at + 1);
    if (node.one !== undefined) found ??= find(node.one, search, at + 1);
  }
  return found ?? (node.any && valueOf(node.any, search));
}

function valueOf<T>(node: Node<T>, { method, verb }: Search): T | undefined {
  return node.values.get(keyOf(method, verb)) ?? node.values.get(keyOf(everyMethod, verb));
}
