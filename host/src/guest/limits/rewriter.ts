import { type Limits, type ModuleInfo, readModule, WasmFormatError } from "@sluice/abi";
import type { Result } from "../../contracts/result.ts";
import {
  memoryBytesDefault,
  memoryBytesMax,
  pageBytes,
  type StaticLimits,
  staticLimits,
} from "./defaults.ts";
import { type GuestMemoryType, ModuleWriter } from "./module-writer.ts";
import type { OffsetMap } from "./offset-map.ts";
import { hostModule, type ModuleState, moduleState } from "./state-exports.ts";

export type { GuestMemoryType } from "./module-writer.ts";
export { hostModule } from "./state-exports.ts";

/** How to limit a module. */
export interface RewriteOptions {
  /** Bytes its linear memory may grow to; 64 MiB unless given, 1 GiB at most. */
  readonly memoryBytes?: number;
  /** Pages of linear memory to begin with, for a module that is known to declare more than it needs. */
  readonly initialPages?: number;
  readonly limits?: StaticLimits;
  /** Lets the host copy instances: adds exports for all that their state is made of, and leaves the start to it. */
  readonly exportState?: boolean;
  /** Counts instructions in a global that `__host.fuel` exports, and stops the guest when that is below 0. */
  readonly countInstructions?: boolean;
}

/** A module that can be stopped, and what its instances must be given. */
export interface RewrittenModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Declarations of the original. */
  readonly info: ModuleInfo;
  /**
   * Pages of the linear memory to provide: as `__host.mem` when the module defined one, under its own import name
   * when it imports one; undefined when there is none.
   */
  readonly memory: GuestMemoryType | undefined;
  readonly offsets: OffsetMap;
  /** With `exportState`: what an instance's state is made of. */
  readonly state: ModuleState | undefined;
}

/**
 * Makes a module that obeys the limits: its memory and tables are capped, and each loop and function entry reads
 * a word (`__host.epoch`, a shared memory of one page) through which the watchdog stops it. The text of an error
 * says what in the module is malformed, not supported or beyond a limit.
 */
export function rewriteModule(
  bytes: Uint8Array<ArrayBuffer>,
  options: RewriteOptions = {},
): Result<RewrittenModule, string> {
  try {
    return { ok: true, value: rewrite(bytes, options) };
  } catch (error) {
    if (error instanceof WasmFormatError) return { ok: false, error: error.message };
    throw error;
  }
}

function rewrite(bytes: Uint8Array<ArrayBuffer>, options: RewriteOptions): RewrittenModule {
  const limits = options.limits ?? staticLimits;
  if (bytes.length > limits.moduleBytes) {
    throw new WasmFormatError(
      `the module has ${bytes.length} bytes, the limit is ${limits.moduleBytes}`,
    );
  }
  const info = readModule(bytes, limits.counts);
  const memory = memoryType(info, options);
  const { exportState = false, countInstructions = false } = options;
  const writer = new ModuleWriter(bytes, info, { memory, limits, exportState, countInstructions });
  writer.write();
  // After our own, cheap, checks: the engine's validation takes long on what they refuse.
  if (!WebAssembly.validate(bytes)) throw new WasmFormatError(validationError(bytes));
  const state = exportState ? moduleState(info, writer.code) : undefined;
  return { bytes: writer.finish(), info, memory, offsets: writer.offsets(), state };
}

function validationError(bytes: Uint8Array<ArrayBuffer>): string {
  try {
    // oxlint-disable-next-line no-new
    new WebAssembly.Module(bytes);
    return "the module is not valid";
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return `the module is not valid: ${text.replace(/^WebAssembly\.Module\(\): /, "")}`;
  }
}

function memoryType(
  info: ModuleInfo,
  { memoryBytes = memoryBytesDefault, initialPages = Infinity }: RewriteOptions,
): GuestMemoryType | undefined {
  const cap = Math.floor(Math.min(memoryBytes, memoryBytesMax) / pageBytes);
  const limited = (declared: Limits): { initial: number; maximum: number } =>
    capped({ ...declared, min: Math.min(declared.min, initialPages) }, cap);
  const imported = info.imports.filter((entry) => entry.kind === "memory");
  if (imported.length + info.memories.length > 1) {
    throw new WasmFormatError("multiple memories are not supported");
  }
  if (info.imports.some((entry) => entry.module === hostModule)) {
    throw new WasmFormatError(`imports from "${hostModule}" are not allowed`);
  }
  const defined = info.memories[0];
  if (defined !== undefined) return { module: hostModule, name: "mem", ...limited(defined) };
  const entry = imported[0];
  if (entry === undefined) return undefined;
  return { module: entry.module, name: entry.name, ...limited(entry.limits!) };
}

function capped(declared: Limits, cap: number): { initial: number; maximum: number } {
  if (declared.min > cap) {
    throw new WasmFormatError(
      `the module needs ${declared.min * pageBytes} bytes of memory, the limit is ${cap * pageBytes}`,
    );
  }
  return { initial: declared.min, maximum: Math.min(declared.max ?? cap, cap) };
}
