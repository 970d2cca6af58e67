import { readFileSync } from "node:fs";
import path from "node:path";
import { fileProblem } from "../common/file-problem.ts";
import { compileAssemblyScript } from "./assemblyscript.ts";
import { LuaCheck } from "./lua-check.ts";

/** What a proxy can load, made from the file that an author edits. */
export type BuiltFilter =
  | { readonly kind: "wasm"; readonly bytes: Uint8Array }
  | { readonly kind: "lua"; readonly text: string };

/** `problem`: `file:line:col: what` and the line itself, for each thing that is wrong. */
export type FilterBuild =
  | { readonly ok: true; readonly filter: BuiltFilter }
  | { readonly ok: false; readonly problem: string };

export interface BuildOptions {
  /** False: AssemblyScript compiles in a fraction of the time, to a larger and slower module. Default: true. */
  readonly optimize?: boolean;
}

/** Extensions of files that filters are written in. */
export const filterExtensions: readonly string[] = [".ts", ".lua", ".wasm"];

let luaCheck: LuaCheck | undefined;

/**
 * Compiles an AssemblyScript filter (`.ts`), looks whether a script (`.lua`) compiles, or reads a module (`.wasm`).
 * Writes nothing. Places are shown relative to the working folder.
 */
export async function buildFilter(file: string, options: BuildOptions = {}): Promise<FilterBuild> {
  try {
    switch (path.extname(file)) {
      case ".ts":
        return await buildAssemblyScript(file, options);
      case ".lua":
        return buildLua(file);
      case ".wasm":
        return { ok: true, filter: { kind: "wasm", bytes: Uint8Array.from(readFileSync(file)) } };
    }
    return { ok: false, problem: `${shown(file)}: a filter is a .ts, .lua or .wasm file` };
  } catch (error) {
    return { ok: false, problem: fileProblem(shown(file), error) };
  }
}

async function buildAssemblyScript(file: string, options: BuildOptions): Promise<FilterBuild> {
  // An error that names the file, where the compiler's would not.
  readFileSync(file);
  const built = await compileAssemblyScript(file, options);
  return built.ok ? { ok: true, filter: { kind: "wasm", bytes: built.bytes } } : built;
}

function buildLua(file: string): FilterBuild {
  const problem = scriptProblem(file);
  if (problem !== undefined) return { ok: false, problem };
  return { ok: true, filter: { kind: "lua", text: readFileSync(file, "utf8") } };
}

/** Where a script does not compile, as `file:line:col: what` and the line itself; undefined: it does. */
export function scriptProblem(file: string): string | undefined {
  luaCheck ??= new LuaCheck();
  return luaCheck.problem(shown(file), readFileSync(file));
}

/** Relative to the working folder, unless that is elsewhere. */
export function shown(file: string): string {
  const relative = path.relative(process.cwd(), file);
  return relative === "" || relative.startsWith("..") ? file : relative;
}
