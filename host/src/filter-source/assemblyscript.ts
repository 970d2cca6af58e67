import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { KeptBuilds } from "./kept-builds.ts";

/** What the SDK's compiler offers; see its declarations. */
type SdkCompiler = typeof import("../../../sdk-assemblyscript/compiler/index.js");

type CompileOptions = import("../../../sdk-assemblyscript/compiler/index.js").CompileOptions;

type Compilation =
  | {
      readonly ok: true;
      readonly bytes: Uint8Array<ArrayBuffer>;
      readonly sourceMap?: string;
    }
  | { readonly ok: false; readonly problem: string };

const compilerFile = "@sluice/sdk-assemblyscript/compiler/index.js";

/** Compiles the filter whose main file is `entry` with the SDK that is installed for it. */
export async function compileAssemblyScript(
  entry: string,
  options: CompileOptions,
): Promise<Compilation> {
  const compiler = await compilerFor(entry);
  if (compiler === undefined) return { ok: false, problem: missingText(entry) };
  try {
    const built = await compiled(compiler, entry, options);
    if (built.ok) return built;
    const problem = built.problems.map((each) => compiler.formatProblem(each)).join("\n");
    return { ok: false, problem };
  } catch (error) {
    if (!isMissing(error)) throw error;
    return { ok: false, problem: missingText(entry) };
  }
}

type Built = Awaited<ReturnType<SdkCompiler["compileFilter"]>>;

/** As it was compiled before, when nothing has changed since; not with a source map, which is not kept. */
async function compiled(
  compiler: SdkCompiler,
  entry: string,
  options: CompileOptions,
): Promise<Built> {
  if (options.sourceMap === true) return compiler.compileFilter(entry, options);
  const builds = new KeptBuilds();
  const name = { entry, options, version: compiler.compilerVersion() };
  const kept = builds.find(name);
  if (kept !== undefined) return { ok: true, bytes: kept, read: {}, absent: [] };
  const built = await compiler.compileFilter(entry, options);
  if (built.ok) builds.keep(name, built.bytes, built);
  return built;
}

/** The SDK of the filter's project, else the one beside this package. */
async function compilerFor(entry: string): Promise<SdkCompiler | undefined> {
  for (const from of [pathToFileURL(path.resolve(entry)).href, import.meta.url]) {
    try {
      const file = createRequire(from).resolve(compilerFile);
      return (await import(pathToFileURL(file).href)) as SdkCompiler;
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
  return undefined;
}

function isMissing(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "MODULE_NOT_FOUND" || code === "ERR_MODULE_NOT_FOUND";
}

function missingText(entry: string): string {
  return `${entry}: filters in AssemblyScript need two packages that are not installed here:
    npm install --save-dev @sluice/sdk-assemblyscript assemblyscript`;
}
