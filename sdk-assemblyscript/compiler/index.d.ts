/** One thing that the compiler found wrong. */
export interface Problem {
  /** Relative to the working folder; empty when there is no place. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** The line of source. */
  readonly source: string;
}

/** Compiles the filter whose main file is `entry`; writes nothing. */
export function compileFilter(
  entry: string,
): Promise<
  | { readonly ok: true; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly ok: false; readonly problems: readonly Problem[] }
>;

/** `file:line:col: message`, the line of source, and a caret under the place. */
export function formatProblem(problem: Problem): string;
