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
}

/** `sluice.guests.v1.Lua.Dialect`: what scripts are written in. */
export type LuaDialect = "luajit" | "lua54";
/** `sluice.guests.v1.Lua.Profile`: what of the machine a script reaches. */
export type LuaProfile = "envoy-compatible" | "sandboxed";

/** `sluice.guests.v1.Lua`. Undefined: the built-in default of `guest/lua`. */
export interface LuaSettings {
  readonly dialect: LuaDialect | undefined;
  readonly profile: LuaProfile | undefined;
}

/** The same with the defaults filled in. */
export interface LuaOptions {
  readonly dialect: LuaDialect;
  readonly profile: LuaProfile;
}

/** `sluice.guests.v1.Guests`, the bootstrap extension. */
export interface GuestLimitsConfig {
  readonly defaultLimits: GuestLimits;
  /** By plugin or filter name, already laid over `defaultLimits`. Names not in it have `defaultLimits`. */
  readonly byName: ReadonlyMap<string, GuestLimits>;
  /** Of Lua filters; undefined: the built-in defaults. */
  readonly lua?: LuaSettings | undefined;
  /** By filter name, already laid over `lua`. */
  readonly luaByName?: ReadonlyMap<string, LuaSettings> | undefined;
}

/** What the Wasm guests of all threads share: their data, queues and metrics. Plain data, for each thread its own. */
export interface GuestShared {
  readonly memory: SharedArrayBuffer;
  /** Name of the broadcast channel that tells of queue items. */
  readonly channel: string;
  /** The thread's number, new for each thread, never 0. */
  readonly thread: number;
}
