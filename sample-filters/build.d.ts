import {
  compileFilter,
  formatProblem,
  type Problem,
} from "../sdk-assemblyscript/compiler/index.js";

export { compileFilter, formatProblem, type Problem };

/** Compiles a sample into `<folder>/<name>/build/<name>.wasm`. */
export function buildSample(
  name: string,
  folder?: string,
): Promise<
  | { readonly ok: true; readonly file: string }
  | { readonly ok: false; readonly problems: readonly Problem[] }
>;

/** Names of the samples that are written in AssemblyScript. */
export function sampleNames(folder?: string): string[];
