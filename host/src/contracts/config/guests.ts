/**
 * `sluice.guests.v1.Limits`. Undefined: the built-in default of `guest/limits`, which is also what the
 * message documents.
 */
export interface GuestLimits {
  /** CPU time of one call into the guest for a stream, connection or timer. */
  readonly cpuTimePerCallbackMs: number | undefined;
  /** CPU time of starting a guest on a worker: `on_vm_start`, `on_configure`, a script's main chunk. */
  readonly cpuTimePerConfigureMs: number | undefined;
  /** Linear memory of one guest on one worker. */
  readonly maxMemoryBytes: number | undefined;
  /** Size of the module. */
  readonly maxModuleBytes: number | undefined;
  /** Code size of the module's largest function. */
  readonly maxFunctionBodyBytes: number | undefined;
  /** Functions that the module defines. */
  readonly maxFunctions: number | undefined;
  /** Of a worker's time over the last second, 0 … 1. */
  readonly maxCpuShare?: number | undefined;
  /** How late a worker's event loop must come for `maxCpuShare` to count. */
  readonly cpuShareLoopDelayMs?: number | undefined;
  readonly module?: GuestModuleLimits | undefined;
  readonly inputs?: GuestInputLimits | undefined;
}

/** `sluice.guests.v1.ModuleLimits`. Undefined: the default of `guest/limits`. */
export interface GuestModuleLimits {
  readonly locals?: number | undefined;
  readonly localsTimesBlocks?: number | undefined;
  readonly nesting?: number | undefined;
  readonly brTableTargets?: number | undefined;
  readonly tableElements?: number | undefined;
  readonly nameSectionBytes?: number | undefined;
  readonly counts?: GuestModuleCounts | undefined;
}

/** How many a module may have of each. */
export interface GuestModuleCounts {
  readonly types?: number | undefined;
  readonly imports?: number | undefined;
  readonly exports?: number | undefined;
  readonly tables?: number | undefined;
  readonly globals?: number | undefined;
  readonly elementSegments?: number | undefined;
  readonly dataSegments?: number | undefined;
  readonly customSections?: number | undefined;
}

/** `sluice.guests.v1.InputLimits`. Undefined: the default of `guest/limits`. */
export interface GuestInputLimits {
  readonly headerPairs?: number | undefined;
  readonly headerBytes?: number | undefined;
  readonly logLineBytes?: number | undefined;
  readonly sharedDataValueBytes?: number | undefined;
  readonly metrics?: number | undefined;
  readonly httpCalls?: number | undefined;
  readonly tickPeriodMinMs?: number | undefined;
  readonly foreignBytes?: number | undefined;
  readonly propertyBytes?: number | undefined;
  readonly callBytes?: number | undefined;
  readonly bodyBytes?: number | undefined;
}

/** `sluice.guests.v1.SharedMemory`. Undefined: the default of `guest/shared`. */
export interface GuestSharedLimits {
  readonly dataBytes?: number | undefined;
  readonly queueBytes?: number | undefined;
  readonly queuesBytes?: number | undefined;
}

/** `sluice.guests.v1.Wasm`. Undefined: the default of `guest/wasm`. */
export interface WasmSettings {
  readonly cloneVms?: boolean | undefined;
  readonly deterministic?: boolean | undefined;
  readonly lenientImports?: boolean | undefined;
  readonly maxInstructionsPerCallback?: number | undefined;
  readonly maxInstructionsPerConfigure?: number | undefined;
}

/** `sluice.guests.v1.Lua.Dialect`: what scripts are written in. */
export type LuaDialect = "luajit" | "lua54";
/** `sluice.guests.v1.Lua.Profile`: what of the machine a script reaches. */
export type LuaProfile = "envoy-compatible" | "sandboxed";

/** `sluice.guests.v1.Lua`. Undefined: the built-in default of `guest/lua`. */
export interface LuaSettings {
  readonly dialect: LuaDialect | undefined;
  readonly profile: LuaProfile | undefined;
  /** Whether scripts have the global `sluice`, with what Envoy lacks. */
  readonly extensions?: boolean | undefined;
  /** Source texts that scripts may `require`, by name. */
  readonly modules?: ReadonlyMap<string, Uint8Array> | undefined;
  /** Whether what scripts execute is counted. */
  readonly countInstructions?: boolean | undefined;
}

/** The same with the defaults filled in. */
export interface LuaOptions {
  readonly dialect: LuaDialect;
  readonly profile: LuaProfile;
  readonly extensions: boolean;
  readonly countInstructions: boolean;
}

/** `sluice.guests.v1.LuaStates`: what the Lua states of one worker may take together. Undefined: the default. */
export interface LuaStatesSettings {
  readonly maxStates: number | undefined;
  readonly maxMemoryBytes: number | undefined;
}

/** What of guests is measured. */
export interface GuestWatchSettings {
  /** Of so many streams one is measured; 0: none, undefined: the built-in default of `guest/watch`. */
  readonly sampleOneIn?: number | undefined;
}

/** `sluice.guests.v1.Guests`, the bootstrap extension. */
export interface GuestLimitsConfig {
  readonly shared?: GuestSharedLimits;
  readonly defaultLimits: GuestLimits;
  /** By plugin or filter name, already laid over `defaultLimits`. Names not in it have `defaultLimits`. */
  readonly byName: ReadonlyMap<string, GuestLimits>;
  /** Of Lua filters; undefined: the built-in defaults. */
  readonly lua?: LuaSettings | undefined;
  /** By filter name, already laid over `lua`. */
  readonly luaByName?: ReadonlyMap<string, LuaSettings> | undefined;
  readonly luaStates?: LuaStatesSettings | undefined;
  /** Of Wasm plugins; undefined: the built-in defaults. */
  readonly wasm?: WasmSettings | undefined;
  /** By plugin or filter name, already laid over `wasm`. */
  readonly wasmByName?: ReadonlyMap<string, WasmSettings> | undefined;
  /** Wasm VMs that may exist on one worker. */
  readonly wasmVmsPerWorkerMax?: number | undefined;
  /** What is measured. */
  readonly watch?: GuestWatchSettings | undefined;
}

/** What the guests of all threads share: data, queues, metrics, values of scripts. Plain data, for each thread its own. */
export interface GuestShared {
  readonly memory: SharedArrayBuffer;
  /** Name of the broadcast channel that tells of queue items. */
  readonly channel: string;
  /** The thread's number, new for each thread, never 0. */
  readonly thread: number;
}
