import type { LuaOptions } from "../../contracts/config/guests.ts";
import type { TimeSource } from "../../contracts/event.ts";
import type { Logger } from "../../contracts/log.ts";
import type { CpuShare } from "../limits/cpu-share.ts";
import type { GuestBudget } from "../limits/guest-budget.ts";
import type { LimitedModule } from "../limits/instance.ts";
import type { WatchedGuest } from "../watch/watched-guest.ts";
import type { ScriptSharedData } from "./api/sluice-table.ts";
import type { StateQuota } from "./engine/state-quota.ts";
import type { ModuleFinder, ModuleSource } from "./script-modules.ts";

/** What a script is made of: plain data that can be posted to a worker. */
export interface LuaScriptConfig {
  readonly engine: LimitedModule;
  readonly source: Uint8Array;
  /** The compiled main chunk, in memory that all threads and all scripts of this text share; undefined: not yet. */
  readonly chunk: Uint8Array | undefined;
  /** For messages: the filter's name. */
  readonly name: string;
  readonly options: LuaOptions;
  /** What `require` finds, by name. */
  readonly modules: ReadonlyMap<string, ModuleSource>;
  /** Templates for `package.path`. */
  readonly packagePaths: readonly string[];
  /** Scripts of the same text and paths that say the same here have one state; empty: a state of its own. */
  readonly sharedVmId: string;
  /** CPU milliseconds per hook run. */
  readonly callbackMs: number;
}

/** What a script needs of the thread that it runs on. */
export interface LuaScriptEnvironment {
  readonly budget: GuestBudget;
  readonly epoch: WebAssembly.Memory;
  readonly logger: Logger;
  readonly quota: StateQuota;
  /** Where states and their memory are counted; absent in canary runs. */
  readonly watched?: WatchedGuest | undefined;
  /** What the scripts of the filter share with those on other threads. */
  readonly shared: ScriptSharedData;
  /** Where `require` looks; undefined: in the script's own `modules`. */
  readonly modules?: ModuleFinder | undefined;
  /** What `os` tells the time by; undefined: the machine's clocks. */
  readonly time?: TimeSource | undefined;
  /** Whose time hooks count as. */
  readonly share?: CpuShare | undefined;
}
