import { type ModuleInfo, WasmFormatError } from "@sluice/abi";
import type { RewrittenCode } from "./code-rewriter.ts";

/** Name of the module that the limiter's own imports come from; its own exports begin with it. */
export const hostModule = "__host";

/** The global that instructions are taken from (i64). */
export const fuelExport = "__host.fuel";
/** What a module had as its start function: a limited one leaves it to the host to call it. */
export const startExport = "__host.start";

export function globalExport(index: number): string {
  return `__host.global.${index}`;
}

export function tableExport(index: number): string {
  return `__host.table.${index}`;
}

/** An export that a module does not have by itself. */
export interface StateExport {
  readonly name: string;
  /** As in the binary: 0 a function, 1 a table, 3 a global. */
  readonly kind: number;
  readonly index: number;
}

/** What the state of an instance is made of, besides its memory: plain data. */
export interface ModuleState {
  /** Indexes of the globals that can change. */
  readonly globals: readonly number[];
  readonly tables: number;
  readonly hasStart: boolean;
  /** Some function changes elements of a table. */
  readonly changesTables: boolean;
  /** Why an instance's state cannot be told from outside; undefined when it can. */
  readonly obstacle: string | undefined;
}

/** The exports that a module is given. Throws when it has some of these names. */
export function ownExports(
  info: ModuleInfo,
  wanted: { readonly exportState: boolean; readonly countInstructions: boolean },
): StateExport[] {
  const taken = info.exports.find(({ name }) => name.startsWith(`${hostModule}.`));
  if (taken !== undefined)
    throw new WasmFormatError(`export "${taken.name}": the name is reserved`);
  const exports: StateExport[] = [];
  if (wanted.countInstructions) {
    exports.push({ name: fuelExport, kind: 3, index: info.globals.length });
  }
  if (!wanted.exportState) return exports;
  if (info.start !== undefined) exports.push({ name: startExport, kind: 0, index: info.start });
  for (let index = 0; index < tableCount(info); index += 1) {
    exports.push({ name: tableExport(index), kind: 1, index });
  }
  for (const index of mutableGlobals(info)) {
    exports.push({ name: globalExport(index), kind: 3, index });
  }
  return exports;
}

export function moduleState(info: ModuleInfo, code: RewrittenCode | undefined): ModuleState {
  return {
    globals: mutableGlobals(info),
    tables: tableCount(info),
    hasStart: info.start !== undefined,
    changesTables: code?.changesTables ?? false,
    obstacle: obstacleOf(info, code),
  };
}

function obstacleOf(info: ModuleInfo, code: RewrittenCode | undefined): string | undefined {
  if (code?.dropsSegments === true) return "it drops segments";
  const opaque = info.globals.find(({ type, mutable }) => mutable && !readable.has(type));
  return opaque && `it has a global of type ${opaque.type} that changes`;
}

/** Types of globals whose values the host can read and set without loss. */
const readable: ReadonlySet<string> = new Set(["i32", "i64", "f32", "f64"]);

function mutableGlobals(info: ModuleInfo): number[] {
  return info.globals.flatMap(({ mutable }, index) => (mutable ? [index] : []));
}

function tableCount(info: ModuleInfo): number {
  return info.tables.length + info.imports.filter(({ kind }) => kind === "table").length;
}
