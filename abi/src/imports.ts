import type { ValueType } from "./hostcalls.ts";
import { hostcalls, type Hostcall } from "./hostcalls.ts";
import type { AbiVersion } from "./versions.ts";
import { toolchainImports, wasiFunctions, wasiModules } from "./wasi.ts";
import { callbacks, exportSignature } from "./callbacks.ts";
import type { FunctionType, ModuleImport, ModuleInfo } from "./wasm/module-info.ts";

/** The signature of a function that a host of `version` offers; a text that says why it is not offered, else. */
function offered(entry: ModuleImport, version: AbiVersion | undefined): Signature | string {
  const { module, name } = entry;
  const missing = `missing import: ${module}.${name}`;
  if (wasiModules.includes(module)) {
    const table: Readonly<Record<string, Signature>> = wasiFunctions;
    return (Object.hasOwn(table, name) ? table[name] : undefined) ?? missing;
  }
  if (module !== "env") return missing;
  const toolchain: Readonly<Record<string, Signature>> = toolchainImports;
  if (Object.hasOwn(toolchain, name)) return toolchain[name]!;
  if (!Object.hasOwn(hostcalls, name)) return missing;
  const call: Hostcall = hostcalls[name as keyof typeof hostcalls];
  if (version !== undefined && !call.versions.includes(version)) {
    return `${missing} (the module declares ABI ${version}, the call belongs to ${call.versions.join(" and ")})`;
  }
  return { params: call.params, results: ["i32"] };
}

interface Signature {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** Gives what to add to a text about a name that is in no table: ` (did you mean …?)`. */
export type Suggest = (name: string, known: readonly string[]) => string;

const noSuggestion: Suggest = () => "";

/**
 * What in a module's imports this host cannot give, all of it. Memories and tables are the loader's to give. Without a
 * version, host calls of all versions are offered.
 */
export function importProblems(
  info: ModuleInfo,
  version: AbiVersion | undefined,
  suggest = noSuggestion,
): string[] {
  const problems: string[] = [];
  for (const entry of info.imports) {
    if (entry.kind === "memory" || entry.kind === "table") continue;
    if (entry.type === undefined) {
      problems.push(`imported ${entry.kind}s are not supported: ${entry.module}.${entry.name}`);
      continue;
    }
    const signature = offered(entry, version);
    if (typeof signature === "string") {
      const known = wasiModules.includes(entry.module) ? wasiFunctions : hostcalls;
      problems.push(signature + suggest(entry.name, Object.keys(known)));
    } else if (!sameSignature(entry.type, signature)) {
      problems.push(
        `import type mismatch for function: ${entry.module}.${entry.name}, want: ${signatureText(signature)}, but the module imports: ${signatureText(entry.type)}`,
      );
    }
  }
  return problems;
}

/** Exports that have a meaning in `version` but the wrong signature, or are not functions. */
export function exportProblems(info: ModuleInfo, version: AbiVersion): string[] {
  const problems: string[] = [];
  for (const entry of info.exports) {
    const wanted = exportSignature(entry.name, version);
    if (wanted === undefined || entry.kind !== "function") continue;
    const actual = info.functions[entry.index];
    if (actual !== undefined && sameSignature(actual, wanted)) continue;
    problems.push(
      `Bad function signature for: ${entry.name}, want: ${signatureText(wanted)}, but the module exports: ${actual === undefined ? "nothing" : signatureText(actual)}`,
    );
  }
  return problems;
}

/** Exports that look like callbacks and are none, so that nothing ever calls them. */
export function exportWarnings(
  info: ModuleInfo,
  version: AbiVersion,
  suggest = noSuggestion,
): string[] {
  const known = Object.keys(callbacks);
  return info.exports
    .filter(
      ({ kind, name }) =>
        kind === "function" && /^(proxy|sluice|envoy)_on|^proxy_validate/.test(name),
    )
    .filter(({ name }) => exportSignature(name, version) === undefined)
    .map(
      ({ name }) => `the export ${name} is no callback and is never called${suggest(name, known)}`,
    );
}

/** The callbacks that a module exports. */
export function exportedCallbacks(info: ModuleInfo): string[] {
  return info.exports
    .filter((entry) => entry.kind === "function" && Object.hasOwn(callbacks, entry.name))
    .map((entry) => entry.name);
}

function sameSignature(actual: FunctionType, wanted: Signature): boolean {
  return signatureText(actual) === signatureText(wanted);
}

/** `i32 i32 -> i32`; `void` for none. */
function signatureText(type: FunctionType): string {
  const text = (types: readonly string[]): string =>
    types.length === 0 ? "void" : types.join(" ");
  return `${text(type.params)} -> ${text(type.results)}`;
}
