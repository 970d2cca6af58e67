import type { Result } from "../../../contracts/result.ts";

/** A place in a path: this text, any one segment, or all that are left. */
export type TemplateSegment = string | typeof oneSegment | typeof anySegments;
export const oneSegment = Symbol("*");
export const anySegments = Symbol("**");

/** A variable, and which segments it stands for. */
export interface TemplateVariable {
  /** `a.b`: a field of a field. */
  readonly fieldPath: readonly string[];
  readonly start: number;
  /** Exclusive; undefined: to the end of the path. */
  readonly end: number | undefined;
  /** May have slashes in it. */
  readonly isMany: boolean;
}

/** A path of `google.api.HttpRule`. */
export interface PathTemplate {
  readonly segments: readonly TemplateSegment[];
  readonly variables: readonly TemplateVariable[];
  /** What stands behind the last colon; empty when there is none. */
  readonly verb: string;
}

/**
 * Reads a template, by the grammar that google/api/http.proto gives:
 * `Template = "/" Segments [ ":" Verb ]`, `Segment = "*" | "**" | LITERAL | Variable`,
 * `Variable = "{" FieldPath [ "=" Segments ] "}"`.
 */
export function parseTemplate(text: string): Result<PathTemplate, string> {
  return new TemplateParser(text).parse();
}

class TemplateParser {
  readonly #text: string;
  #at = 0;
  readonly #segments: TemplateSegment[] = [];
  readonly #variables: TemplateVariable[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Result<PathTemplate, string> {
    let problem = this.#take("/") ? undefined : "it must begin with a slash";
    if (this.#at < this.#text.length) problem ??= this.#parseSegments(false);
    let verb = "";
    if (problem === undefined && this.#take(":")) {
      verb = this.#text.slice(this.#at);
      if (!/^[^/:{}*]+$/.test(verb)) problem = "the verb behind the colon is missing or wrong";
      this.#at = this.#text.length;
    }
    if (this.#at < this.#text.length) problem ??= `"${this.#text.slice(this.#at)}" is too much`;
    const many = this.#segments.indexOf(anySegments);
    if (many >= 0 && many < this.#segments.length - 1) problem ??= "** must come last";
    if (problem !== undefined) return { ok: false, error: `${this.#text}: ${problem}` };
    return { ok: true, value: { segments: this.#segments, variables: this.#variables, verb } };
  }

  #parseSegments(inVariable: boolean): string | undefined {
    do {
      const problem = this.#parseSegment(inVariable);
      if (problem !== undefined) return problem;
    } while (this.#take("/"));
    return undefined;
  }

  #parseSegment(inVariable: boolean): string | undefined {
    if (this.#take("**")) this.#segments.push(anySegments);
    else if (this.#take("*")) this.#segments.push(oneSegment);
    else if (this.#take("{")) return inVariable ? "variables do not nest" : this.#parseVariable();
    else return this.#parseLiteral();
    return undefined;
  }

  #parseLiteral(): string | undefined {
    const literal = /^[^/:{}*=]+/.exec(this.#text.slice(this.#at))?.[0];
    if (literal === undefined) return "a segment is missing";
    this.#at += literal.length;
    this.#segments.push(decodeLiteral(literal));
    return undefined;
  }

  #parseVariable(): string | undefined {
    const name = /^[A-Za-z_][\w]*(\.[A-Za-z_][\w]*)*/.exec(this.#text.slice(this.#at))?.[0];
    if (name === undefined) return "a variable has no name";
    this.#at += name.length;
    const start = this.#segments.length;
    let problem: string | undefined;
    if (this.#take("=")) problem = this.#parseSegments(true);
    else this.#segments.push(oneSegment);
    if (problem !== undefined) return problem;
    if (!this.#take("}")) return `the variable ${name} has no end`;
    const all = this.#segments.at(-1) === anySegments;
    this.#variables.push({
      fieldPath: name.split("."),
      start,
      end: all ? undefined : this.#segments.length,
      isMany: all || this.#segments.length - start > 1,
    });
    return undefined;
  }

  #take(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }
}

function decodeLiteral(literal: string): string {
  try {
    return decodeURIComponent(literal);
  } catch {
    return literal;
  }
}
