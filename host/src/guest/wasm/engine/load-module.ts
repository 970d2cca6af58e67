import { createHash } from "node:crypto";
import {
  type AbiVersion,
  abiVersionOf,
  exportProblems,
  exportWarnings,
  importProblems,
  type ModuleInfo,
} from "@sluice/abi";
import { closest } from "../../../common/closest.ts";
import type { Result } from "../../../contracts/result.ts";
import { staticLimits } from "../../limits/defaults.ts";
import type { EffectiveLimits } from "../../limits/effective-limits.ts";
import { rewriteModule } from "../../limits/rewriter.ts";
import { readDescription } from "../filter-description.ts";
import type { ImportedTable, LoadedModule } from "../plugin.ts";

/**
 * Checks a module against the ABI, puts the limits into it and compiles it. The text of an error says what is
 * wrong; the module's and the plugin's name are the caller's to add.
 */
export async function loadModule(
  code: Uint8Array,
  limits: EffectiveLimits,
): Promise<Result<LoadedModule, string>> {
  if (code.length === 0) return { ok: false, error: "the code is empty" };
  // Away from a pool or from shared memory, which the engine does not compile from.
  const bytes = Uint8Array.from(code);
  const rewritten = rewriteModule(bytes, {
    memoryBytes: limits.memoryBytes,
    limits: limits.module,
    exportState: true,
    countInstructions: limits.instructions !== undefined,
  });
  if (!rewritten.ok) return rewritten;
  const { info, memory, offsets } = rewritten.value;
  const state = rewritten.value.state!;
  const abiVersion = abiVersionOf(info);
  if (abiVersion === undefined) {
    return {
      ok: false,
      error:
        "Missing or unknown Proxy-Wasm ABI version (no export named proxy_abi_version_0_2_1, …_0_2_0 or …_0_1_0)",
    };
  }
  const problems = moduleProblems(info, abiVersion, limits);
  const description = readDescription(bytes, info.sections);
  if (typeof description === "string") problems.push(description);
  if (problems.length > 0) return { ok: false, error: problems.join("; ") };
  const module = await compile(rewritten.value.bytes);
  if (typeof module === "string") return { ok: false, error: module };
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return {
    ok: true,
    value: {
      module,
      memory,
      table: importedTable(info),
      offsets,
      state,
      abiVersion,
      sha256,
      description: typeof description === "string" ? undefined : description,
      warnings: exportWarnings(info, abiVersion, suggest),
    },
  };
}

function moduleProblems(
  info: ModuleInfo,
  abiVersion: AbiVersion,
  limits: EffectiveLimits,
): string[] {
  return [
    ...importProblems(info, limits.lenientImports ? undefined : abiVersion, suggest).map(
      (problem) => `Failed to load Wasm module due to ${article(problem)}`,
    ),
    ...exportProblems(info, abiVersion),
    ...allocatorProblem(info),
  ];
}

/** Names of the ABI are long and alike: only slips count as such. */
const slipsMax = 2;

function suggest(name: string, known: readonly string[]): string {
  const near = closest(name, known, slipsMax);
  return near === undefined ? "" : ` (did you mean ${near}?)`;
}

async function compile(bytes: Uint8Array<ArrayBuffer>): Promise<WebAssembly.Module | string> {
  try {
    return await WebAssembly.compile(bytes);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function article(problem: string): string {
  return problem.startsWith("i") ? `an ${problem}` : `a ${problem}`;
}

function allocatorProblem(info: ModuleInfo): string[] {
  const found = info.exports.some(
    (entry) => entry.name === "malloc" || entry.name === "proxy_on_memory_allocate",
  );
  return found ? [] : ["Wasm module is missing malloc function."];
}

function importedTable(info: ModuleInfo): ImportedTable | undefined {
  const entry = info.imports.find(({ kind }) => kind === "table");
  if (entry?.limits === undefined) return undefined;
  const cap = staticLimits.tableElements;
  return {
    module: entry.module,
    name: entry.name,
    initial: entry.limits.min,
    maximum: Math.min(entry.limits.max ?? cap, cap),
  };
}
