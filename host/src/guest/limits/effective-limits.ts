import type {
  GuestLimits,
  GuestLimitsConfig,
  WasmSettings,
} from "../../contracts/config/guests.ts";
import type { CpuShareLimits } from "./cpu-share.ts";
import {
  callBudgetMs,
  cpuShareDefaults,
  type InputLimits,
  inputLimits,
  instructionBudget,
  memoryBytesDefault,
  type StaticLimits,
  staticLimits,
} from "./defaults.ts";

/** The limits of one guest: what is configured for it, else the defaults. */
export interface EffectiveLimits {
  /** CPU milliseconds of a call for a stream, connection or timer. */
  readonly callbackMs: number;
  /** CPU milliseconds of starting on a worker. */
  readonly configureMs: number;
  /** The same on the main thread, where it is tried first. */
  readonly canaryMs: number;
  readonly memoryBytes: number;
  readonly share: CpuShareLimits;
  readonly module: StaticLimits;
  readonly inputs: InputLimits;
  /** Deterministic mode: instructions of a call, instead of its CPU time. */
  readonly instructions: { readonly callback: number; readonly configure: number } | undefined;
  /** Host calls of every version of the ABI may be imported. */
  readonly lenientImports: boolean;
}

/** The limits of the guest that is known under these names (a plugin's, a filter's): the first with an entry counts. */
export function limitsFor(config: GuestLimitsConfig, ...names: readonly string[]): EffectiveLimits {
  const named = names.find((name) => config.byName.has(name));
  const limits = named === undefined ? config.defaultLimits : config.byName.get(named)!;
  const wasm = wasmSettingsFor(config, ...names);
  const instructions = instructionLimits(wasm);
  return {
    ...cpuLimits(limits, instructions !== undefined),
    memoryBytes: limits.maxMemoryBytes ?? memoryBytesDefault,
    share: {
      cpuShare: limits.maxCpuShare ?? cpuShareDefaults.cpuShare,
      loopDelayMs: limits.cpuShareLoopDelayMs ?? cpuShareDefaults.loopDelayMs,
    },
    module: moduleLimits(limits),
    instructions,
    lenientImports: wasm.lenientImports ?? false,
    inputs: { ...inputLimits, ...said(limits.inputs ?? {}) },
  };
}

/** The limits of a guest for which nothing is configured. */
export function defaultLimits(): EffectiveLimits {
  const nothing: GuestLimits = {
    cpuTimePerCallbackMs: undefined,
    cpuTimePerConfigureMs: undefined,
    maxMemoryBytes: undefined,
    maxModuleBytes: undefined,
    maxFunctionBodyBytes: undefined,
    maxFunctions: undefined,
  };
  return limitsFor({ defaultLimits: nothing, byName: new Map() });
}

/** Where instructions are counted, CPU time only ends what executes none: long host calls. */
function cpuLimits(
  limits: GuestLimits,
  counting: boolean,
): Pick<EffectiveLimits, "callbackMs" | "configureMs" | "canaryMs"> {
  const { callback, configure, canary } = callBudgetMs;
  return {
    callbackMs: counting ? canary : (limits.cpuTimePerCallbackMs ?? callback),
    configureMs: counting ? canary : (limits.cpuTimePerConfigureMs ?? configure),
    canaryMs: limits.cpuTimePerConfigureMs ?? canary,
  };
}

function instructionLimits(wasm: WasmSettings): EffectiveLimits["instructions"] {
  if (wasm.deterministic !== true) return undefined;
  return {
    callback: wasm.maxInstructionsPerCallback ?? instructionBudget.callback,
    configure: wasm.maxInstructionsPerConfigure ?? instructionBudget.configure,
  };
}

/** What is configured for the Wasm plugin of these names: the first with an entry counts. */
export function wasmSettingsFor(
  config: GuestLimitsConfig,
  ...names: readonly string[]
): WasmSettings {
  const named = names.find((name) => config.wasmByName?.has(name));
  return (named === undefined ? config.wasm : config.wasmByName?.get(named)) ?? {};
}

function moduleLimits(limits: GuestLimits): StaticLimits {
  const { counts, ...own } = limits.module ?? {};
  return {
    ...staticLimits,
    ...said(own),
    moduleBytes: limits.maxModuleBytes ?? staticLimits.moduleBytes,
    functionBodyBytes: limits.maxFunctionBodyBytes ?? staticLimits.functionBodyBytes,
    counts: {
      ...staticLimits.counts,
      ...said(counts ?? {}),
      functions: limits.maxFunctions ?? staticLimits.counts.functions,
    },
  };
}

/** What of these limits is configured. */
function said<T extends object>(limits: T): { [Name in keyof T]?: NonNullable<T[Name]> } {
  const entries = Object.entries(limits).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [Name in keyof T]?: NonNullable<T[Name]> };
}
