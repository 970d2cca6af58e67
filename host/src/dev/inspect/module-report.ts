import { createHash } from "node:crypto";
import {
  type AbiVersion,
  abiVersionOf,
  callbacks,
  exportedCallbacks,
  type FunctionType,
  type HostcallGroup,
  hostcalls,
  type ModuleInfo,
  otherExports,
  readModule,
  type Section,
  SectionId,
  WasmFormatError,
} from "@sluice/abi";
import type { Result } from "../../contracts/result.ts";
import { memoryBytesDefault, pageBytes, staticLimits } from "../../guest/limits/defaults.ts";
import { defaultLimits } from "../../guest/limits/effective-limits.ts";
import { loadModule } from "../../guest/wasm/engine/load-module.ts";
import { type CustomSection, customSections, toolsOf } from "./custom-sections.ts";
import { type FunctionSize, functionSizes } from "./function-sizes.ts";
import { type HostVerdict, hostVerdicts } from "./hosts.ts";
import { type Place, placesOf } from "./places.ts";

/** What `sluice inspect` tells of a module; `--json` prints it as it is. */
export interface ModuleReport {
  readonly bytes: number;
  readonly sha256: string;
  /** Null: it declares none. */
  readonly abiVersion: AbiVersion | null;
  /** Where it can run, by its callbacks. */
  readonly places: readonly Place[];
  readonly tools: readonly string[];
  readonly imports: readonly ImportReport[];
  readonly exports: readonly ExportReport[];
  readonly callbacks: readonly string[];
  readonly customSections: readonly CustomSection[];
  readonly memory: MemoryReport | null;
  readonly size: SizeReport;
  /** Against the limits that hold unless others are configured. */
  readonly limits: readonly LimitReport[];
  readonly hosts: readonly HostVerdict[];
  /** Exports that look like callbacks and are none. */
  readonly warnings: readonly string[];
}

export interface ImportReport {
  readonly module: string;
  readonly name: string;
  readonly kind: string;
  /** `(i32, i32) -> i32`; null for what is no function. */
  readonly type: string | null;
  /** Of a host call; `wasi`, or `other`. */
  readonly group: HostcallGroup | "wasi" | "other";
}

export interface ExportReport {
  readonly name: string;
  readonly kind: string;
  readonly type: string | null;
  /** What a host does with it; `none`: nothing. */
  readonly role: "callback" | "abi version" | "allocator" | "start" | "memory" | "none";
}

export interface MemoryReport {
  readonly imported: boolean;
  readonly initialBytes: number;
  /** Null: none is declared. */
  readonly maximumBytes: number | null;
}

export interface SizeReport {
  readonly codeBytes: number;
  readonly dataBytes: number;
  readonly customBytes: number;
  readonly functionCount: number;
  /** Largest first. */
  readonly functions: readonly FunctionSize[];
}

export interface LimitReport {
  readonly name: string;
  readonly value: number;
  readonly limit: number;
  readonly unit: "bytes" | "";
}

/** Looks at a module without running it. The error says why it is no module. */
export async function inspectModule(
  bytes: Uint8Array,
  sluiceName: string,
): Promise<Result<ModuleReport, string>> {
  try {
    const info = readModule(bytes);
    const loaded = await loadModule(bytes, defaultLimits());
    const error = loaded.ok ? undefined : loaded.error;
    const warnings = loaded.ok ? loaded.value.warnings : [];
    const hosts = hostVerdicts(info, bytes.length, { name: sluiceName, error });
    return { ok: true, value: reportOf(bytes, info, hosts, warnings) };
  } catch (error) {
    if (error instanceof WasmFormatError) return { ok: false, error: error.message };
    throw error;
  }
}

function reportOf(
  bytes: Uint8Array,
  info: ModuleInfo,
  hosts: readonly HostVerdict[],
  warnings: readonly string[],
): ModuleReport {
  const sections = customSections(bytes, info);
  const functions = functionSizes(bytes, info);
  const memory = memoryOf(info);
  return {
    bytes: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    abiVersion: abiVersionOf(info) ?? null,
    places: placesOf(info),
    tools: toolsOf(sections),
    imports: importsOf(info),
    exports: exportsOf(info),
    callbacks: exportedCallbacks(info),
    customSections: sections,
    memory,
    size: {
      codeBytes: sectionBytes(info, SectionId.Code),
      dataBytes: sectionBytes(info, SectionId.Data),
      customBytes: sectionBytes(info, SectionId.Custom),
      functionCount: functions.length,
      functions,
    },
    limits: limitsOf(bytes, info, functions, memory),
    hosts,
    warnings,
  };
}

function importsOf(info: ModuleInfo): ImportReport[] {
  return info.imports.map(({ module, name, kind, type }) => ({
    module,
    name,
    kind,
    type: type === undefined ? null : typeText(type),
    group: groupOf(module, name),
  }));
}

function groupOf(module: string, name: string): ImportReport["group"] {
  if (module.startsWith("wasi")) return "wasi";
  if (module !== "env" || !Object.hasOwn(hostcalls, name)) return "other";
  return hostcalls[name as keyof typeof hostcalls].group;
}

function exportsOf(info: ModuleInfo): ExportReport[] {
  return info.exports.map(({ name, kind, index }) => {
    const type = kind === "function" ? info.functions[index] : undefined;
    return {
      name,
      kind,
      type: type === undefined ? null : typeText(type),
      role: roleOf(name, kind),
    };
  });
}

function roleOf(name: string, kind: string): ExportReport["role"] {
  if (kind === "memory") return "memory";
  if (kind !== "function") return "none";
  if (Object.hasOwn(callbacks, name)) return "callback";
  if (name.startsWith("proxy_abi_version_")) return "abi version";
  if (name === "malloc" || name === "proxy_on_memory_allocate") return "allocator";
  return Object.hasOwn(otherExports, name) ? "start" : "none";
}

function memoryOf(info: ModuleInfo): MemoryReport | null {
  const imported = info.imports.find(({ kind }) => kind === "memory")?.limits;
  const limits = imported ?? info.memories[0];
  if (limits === undefined) return null;
  const { min, max } = limits;
  return {
    imported: imported !== undefined,
    initialBytes: min * pageBytes,
    maximumBytes: max === undefined ? null : max * pageBytes,
  };
}

function limitsOf(
  bytes: Uint8Array,
  info: ModuleInfo,
  functions: readonly FunctionSize[],
  memory: MemoryReport | null,
): LimitReport[] {
  const { counts } = staticLimits;
  const names = info.sections.find(({ name }) => name === "name");
  const table = Math.max(0, ...info.tables.map(({ min }) => min));
  const inBytes = (name: string, value: number, limit: number): LimitReport => {
    return { name, value, limit, unit: "bytes" };
  };
  const count = (name: string, value: number, limit: number): LimitReport => {
    return { name, value, limit, unit: "" };
  };
  return [
    inBytes("module", bytes.length, staticLimits.moduleBytes),
    inBytes("largest function", functions[0]?.bytes ?? 0, staticLimits.functionBodyBytes),
    inBytes("memory at start", memory?.initialBytes ?? 0, memoryBytesDefault),
    inBytes(
      "name section",
      names === undefined ? 0 : lengthOf(names),
      staticLimits.nameSectionBytes,
    ),
    count("functions", info.functions.length, counts.functions),
    count("imports", info.imports.length, counts.imports),
    count("exports", info.exports.length, counts.exports),
    count("globals", info.globals.length, counts.globals),
    count("table elements", table, staticLimits.tableElements),
  ];
}

function sectionBytes(info: ModuleInfo, id: number): number {
  return info.sections
    .filter((section) => section.id === id)
    .reduce((sum, section) => sum + lengthOf(section), 0);
}

function lengthOf({ start, end }: Section): number {
  return end - start;
}

/** `(i32, i32) -> i32` */
function typeText({ params, results }: FunctionType): string {
  const given = results.length === 0 ? "" : ` -> ${results.join(", ")}`;
  return `(${params.join(", ")})${given}`;
}
