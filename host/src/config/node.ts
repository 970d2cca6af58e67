import type { Source } from "./source.ts";

/** A value of a YAML or JSON text, with its place. */
export type Node = ScalarNode | ListNode | MapNode;

interface Placed {
  /** Undefined for a value that stands in no text (it came in binary form). */
  readonly source: Source | undefined;
  readonly offset: number;
  /** Values in it, itself and what aliases stand for included. */
  readonly size: number;
}

export interface ScalarNode extends Placed {
  readonly kind: "scalar";
  readonly value: string | number | boolean | null;
  /** As written, without quotes. */
  readonly text: string;
}

export interface ListNode extends Placed {
  readonly kind: "list";
  readonly items: readonly Node[];
}

export interface MapNode extends Placed {
  readonly kind: "map";
  readonly entries: ReadonlyMap<string, MapEntry>;
}

export interface MapEntry {
  /** Where the key stands. */
  readonly offset: number;
  readonly value: Node;
}

/** What a node is, for messages: `a list`, `the text "x"`, `the number 5` … */
export function describe(node: Node): string {
  if (node.kind === "list") return "a list";
  if (node.kind === "map") return "a group of fields";
  if (node.value === null) return "nothing";
  const shown = node.text.length > 40 ? `${node.text.slice(0, 37)}...` : node.text;
  if (typeof node.value === "string") return `the text ${JSON.stringify(shown)}`;
  return typeof node.value === "number" ? `the number ${shown}` : `the boolean ${shown}`;
}
