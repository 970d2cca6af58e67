/** One thing that the compiler found wrong. */
export interface Problem {
  /** Relative to the working folder when it is in it; empty when there is no place. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** The line of source. */
  readonly source: string;
}

/** How to compile. */
export interface CompileOptions {
  /** False: in a fraction of the time, for a larger and slower module. Default: true. */
  readonly optimize?: boolean;
  /** Gives a source map, too. Default: false. */
  readonly sourceMap?: boolean;
  /** The module uses no memory below this address. */
  readonly reservedBytes?: number;
}

/** Compiles the filter whose main file is `entry`; writes nothing. */
export function compileFilter(
  entry: string,
  options?: CompileOptions,
): Promise<
  | {
      readonly ok: true;
      readonly bytes: Uint8Array<ArrayBuffer>;
      /** JSON; only when it was asked for. Columns are offsets in the module. */
      readonly sourceMap?: string;
      /** SHA-256 of the files that it is made of, and files that it would be made of if they were there. */
      readonly read: { readonly [file: string]: string };
      readonly absent: readonly string[];
    }
  | { readonly ok: false; readonly problems: readonly Problem[] }
>;

/** Changes with everything but the sources that a module depends on. */
export function compilerVersion(): string;

/** `file:line:col: message`, the line of source, and a caret under the place. */
export function formatProblem(problem: Problem): string;
