import type { CpuShareStats } from "../limits/cpu-share.ts";
import type { Counter, Gauge, StatsScope } from "../../contracts/stats.ts";

/** What is counted of one plugin: `sluice.wasm.<plugin name>.`; and of its runtime: `wasm.<runtime>.`. */
export interface PluginStats {
  /** `wasm.<runtime>.created`: VMs made. */
  readonly created: Counter;
  /** VMs that were made by copying instead of starting. */
  readonly cloned: Counter;
  /** VMs that exist: `wasm.<runtime>.active`, and `wasm.wasm_vm_count` of all runtimes. */
  readonly active: Pick<Gauge, "inc" | "dec">;
  /** `wasm.<plugin name>.vm_reload_…`: what FAIL_RELOAD did for new streams. */
  readonly reloadSuccess: Counter;
  readonly reloadFailure: Counter;
  /** Streams that came too soon after the last VM was made. */
  readonly reloadBackoff: Counter;
  /** Of the plugin's part of the worker. */
  readonly cpuShare: CpuShareStats;
  /** VMs that trapped. */
  readonly vmFailed: Counter;
  /** Traps because a call took more CPU than its limit. */
  readonly cpuLimitExceeded: Counter;
  /** Calls that took more and ended on their own just then. */
  readonly cpuOverrun: Counter;
  /** VMs that trapped with as much memory as they may have. */
  readonly memoryLimitReached: Counter;
  /** Host calls that handed over more than their limits. */
  readonly inputLimitExceeded: Counter;
}

/** The stats of a plugin. */
export function pluginStats(scope: StatsScope, pluginName: string, runtime: string): PluginStats {
  const own = scope.scope(`sluice.wasm.${pluginName}`);
  const shared = scope.scope(`wasm.${runtime}`);
  const reload = scope.scope(`wasm.${pluginName}`);
  // Envoy has it, too, and never counts it.
  reload.counter("vm_reload");
  return {
    reloadSuccess: reload.counter("vm_reload_success"),
    reloadFailure: reload.counter("vm_reload_failure"),
    reloadBackoff: reload.counter("vm_reload_backoff"),
    created: shared.counter("created"),
    active: together(shared.gauge("active"), scope.scope("wasm").gauge("wasm_vm_count")),
    cloned: own.counter("vm_cloned"),
    vmFailed: own.counter("vm_failed"),
    cpuShare: {
      exceeded: own.counter("cpu_share_exceeded"),
      refused: own.counter("cpu_share_refused"),
    },
    cpuLimitExceeded: own.counter("cpu_limit_exceeded"),
    cpuOverrun: own.counter("cpu_overrun"),
    memoryLimitReached: own.counter("memory_limit_reached"),
    inputLimitExceeded: own.counter("input_limit_exceeded"),
  };
}

function together(one: Gauge, other: Gauge): PluginStats["active"] {
  return {
    inc() {
      one.inc();
      other.inc();
    },
    dec() {
      one.dec();
      other.dec();
    },
  };
}

const nothing = { name: "", value: 0, inc() {}, dec() {}, add() {}, sub() {}, set() {} };

/** For canary runs, which nobody counts. */
export const uncounted: PluginStats = {
  reloadSuccess: nothing,
  reloadFailure: nothing,
  reloadBackoff: nothing,
  created: nothing,
  cloned: nothing,
  active: nothing,
  vmFailed: nothing,
  cpuShare: { exceeded: nothing, refused: nothing },
  cpuLimitExceeded: nothing,
  cpuOverrun: nothing,
  memoryLimitReached: nothing,
  inputLimitExceeded: nothing,
};
