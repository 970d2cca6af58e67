/** A number as it is to be printed. */
export class NumberNode {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What is printed. Plain numbers are integers. */
export type JsonNode = null | boolean | number | string | NumberNode | JsonNode[] | JsonTree;
export interface JsonTree {
  [key: string]: JsonNode;
}

/** Characters that protobuf's converter escapes and JavaScript's does not: markup, and what is not seen. */
const escaped =
  // oxlint-disable-next-line no-control-regex, no-irregular-whitespace
  /[<>\u007f-\u009f\u00ad\u0600-\u0604\u06dd\u070f\u17b4\u17b5\u200b-\u200f\u2028-\u202e\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb]/g;

/** Writes JSON without blanks, or with each value on a line of its own. */
export class JsonWriter {
  readonly #whitespace: boolean;

  constructor(whitespace: boolean) {
    this.#whitespace = whitespace;
  }

  write(node: JsonNode): string {
    const text = this.#node(node, "\n");
    return this.#whitespace ? `${text}\n` : text;
  }

  /** `line`: what begins a line at the depth of the node. */
  #node(node: JsonNode, line: string): string {
    if (typeof node === "string") return quote(node);
    if (typeof node !== "object" || node === null) return String(node);
    if (node instanceof NumberNode) return node.text;
    const inner = `${line} `;
    if (Array.isArray(node)) {
      return this.#group(
        "[",
        "]",
        line,
        node.map((each) => this.#node(each, inner)),
      );
    }
    const colon = this.#whitespace ? ": " : ":";
    const entries = Object.entries(node).map(
      ([key, value]) => quote(key) + colon + this.#node(value, inner),
    );
    return this.#group("{", "}", line, entries);
  }

  #group(open: string, close: string, line: string, parts: readonly string[]): string {
    if (parts.length === 0 || !this.#whitespace) return open + parts.join(",") + close;
    return `${open}${line} ${parts.join(`,${line} `)}${line}${close}`;
  }
}

function quote(text: string): string {
  return JSON.stringify(text).replace(
    escaped,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
