/** What one thread tells of its guests: plain data, which can be posted. Times are ms since the epoch. */
export interface GuestReport {
  readonly plugins: readonly WasmPluginReport[];
  /** Latest first. */
  readonly failures: readonly WasmFailure[];
  readonly scripts: readonly LuaScriptReport[];
  /** Latest first. */
  readonly scriptErrors: readonly LuaScriptError[];
}

/** A Wasm plugin with the VM that it runs in. */
export interface WasmPluginReport {
  /** Equal on all threads for the same code, VM settings and configuration. */
  readonly key: string;
  readonly name: string;
  readonly rootId: string;
  readonly vmId: string;
  readonly runtime: string;
  readonly sha256: string;
  readonly abiVersion: string;
  readonly failurePolicy: "closed" | "open" | "reload";
  /** Why its VMs are started, not cloned; empty when they are cloned. */
  readonly notCloned: string;
  /** Equal for plugins that share a VM on this thread. */
  readonly vm: number;
  readonly vmStartedMs: number;
  /** Why the VM can no longer be used; empty while it can. */
  readonly failure: string;
  /** It takes too much of a worker that comes late: no new streams. */
  readonly overCpuShare: boolean;
  readonly memoryBytes: number;
  /** The most that a VM of the plugin has had on this thread. */
  readonly memoryHighWaterBytes: number;
  /** Streams, connections and plugins that the guest knows. */
  readonly contexts: number;
  /** 0: it does not tick. */
  readonly tickPeriodMs: number;
}

/** The end of a VM. */
export interface WasmFailure {
  readonly timeMs: number;
  readonly plugin: string;
  readonly rootId: string;
  readonly vmId: string;
  /** What happened, in one line. */
  readonly failure: string;
  /** `0: 0x1f - name`, innermost first. */
  readonly backtrace: readonly string[];
  /** The last host calls of the callback, oldest first. */
  readonly hostCalls: string;
}

/** One Lua script of a filter. */
export interface LuaScriptReport {
  /** The filter's name. */
  readonly filter: string;
  /** Which of the filter's scripts. */
  readonly script: string;
  readonly dialect: string;
  readonly profile: string;
  readonly sourceBytes: number;
  /** The states that exist: the one in use, and the spare. */
  readonly states: number;
  /** The script does not run any more: its state was lost and could not be replaced. */
  readonly dead: boolean;
  /** It takes too much of a worker that comes late: no new streams. */
  readonly overCpuShare: boolean;
  readonly memoryBytes: number;
  readonly memoryHighWaterBytes: number;
  /** States that were lost to a limit, and replaced. */
  readonly statesLost: number;
  readonly hasRequestHook: boolean;
  readonly hasResponseHook: boolean;
  /** Of the state in use, where they are counted. */
  readonly counts?: { readonly instructions: number; readonly hostCalls: number } | undefined;
}

/** An error of a script, or the loss of its state. */
export interface LuaScriptError {
  readonly timeMs: number;
  readonly filter: string;
  readonly script: string;
  readonly hook: string;
  /** With the traceback, when there is one. */
  readonly text: string;
}
