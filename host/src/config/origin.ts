import type { Message } from "@bufbuild/protobuf";
import type { MapEntry, MapNode, Node } from "./node.ts";
import type { Place } from "./problem.ts";
import type { Source } from "./source.ts";

/** Where a message was read. */
export interface Origin {
  /** The fields as written; undefined in binary configuration. */
  readonly node: MapNode | undefined;
  /** The offset of the message in the source. */
  readonly offset: number;
  readonly source: Source;
  /** The message that it is a part of, and what leads from there to here: `listeners[0]`; may be empty. */
  readonly parent: Origin | undefined;
  readonly segment: string;
}

/** The config path of an origin: `static_resources.listeners[0]`. */
export function pathOf(origin: Origin): string {
  const segments: string[] = [];
  for (let at: Origin | undefined = origin; at; at = at.parent) {
    if (at.segment !== "") segments.push(at.segment);
  }
  return segments.reverse().join(".");
}

/** Remembers for each message where it was read, so that a problem found later can be placed. */
export class Origins {
  readonly #origins = new WeakMap<Message, Origin[]>();

  /** A later origin (of a text that is merged over the first) is looked into first. */
  add(message: Message, origin: Origin): void {
    const known = this.#origins.get(message);
    if (known) known.unshift(origin);
    else this.#origins.set(message, [origin]);
  }

  /** Adds what is known about `from`: its content was merged into `into`. */
  merge(into: Message, from: Message): void {
    for (const origin of [...(this.#origins.get(from) ?? [])].reverse()) this.add(into, origin);
  }

  of(message: Message): Origin | undefined {
    return this.#origins.get(message)?.[0];
  }

  /** Whether the field (its first step) stands in the text that the message was read from. */
  isWritten(message: Message, field: string): boolean {
    const step = stepsOf(field)[0];
    const origins = this.#origins.get(message) ?? [];
    return step !== undefined && origins.some((origin) => entryOf(origin.node, step));
  }

  /**
   * The place of a field: `name`, `hosts[2]`, `entries["key"]`, or several of these with dots between. Where the
   * field is not written, the place of what is around it. Empty: the message itself.
   */
  place(message: Message, field: string): Place {
    const origins = this.#origins.get(message);
    if (!origins) return { file: "", line: 0, column: 0, path: field };
    const steps = stepsOf(field);
    const first = steps[0];
    const origin =
      origins.find((o) => first !== undefined && entryOf(o.node, first)) ?? origins[0]!;
    const path = pathOf(origin);
    const full = path !== "" && field !== "" ? `${path}.${field}` : path + field;
    if (!origin.node) return { file: origin.source.file, line: 0, column: 0, path: full };
    const at = follow(origin.node, steps) ?? { source: origin.source, offset: origin.offset };
    return { file: at.source.file, ...at.source.position(at.offset), path: full };
  }
}

/** `a.b[2]["c d"]` as `a`, `b`, 2, `c d`. */
function stepsOf(field: string): (string | number)[] {
  const steps: (string | number)[] = [];
  for (const match of field.matchAll(/\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|([^.[\]]+)/g)) {
    if (match[1] !== undefined) steps.push(Number(match[1]));
    else if (match[2] !== undefined) steps.push(JSON.parse(`"${match[2]}"`) as string);
    else steps.push(match[3]!);
  }
  return steps;
}

function follow(
  root: MapNode,
  steps: readonly (string | number)[],
): { source: Source; offset: number } | undefined {
  let node: Node = root;
  let found: { source: Source; offset: number } | undefined;
  for (const step of steps) {
    if (typeof step === "number") {
      // A single value may stand for a list of one.
      const item: Node | undefined = node.kind === "list" ? node.items[step] : undefined;
      if (!item) return found;
      node = item;
      if (node.source) found = { source: node.source, offset: node.offset };
      continue;
    }
    const entry = entryOf(node, step);
    if (!entry) return found;
    node = entry.value;
    if (node.source) found = { source: node.source, offset: entry.offset };
  }
  return found;
}

function entryOf(node: Node | undefined, step: string | number): MapEntry | undefined {
  if (typeof step !== "string" || node?.kind !== "map") return undefined;
  return node.entries.get(step) ?? node.entries.get(camelCase(step));
}

/** `connect_timeout` as `connectTimeout`. */
function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
