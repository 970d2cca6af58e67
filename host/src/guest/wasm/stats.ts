import type { Counter, Gauge, StatsScope } from "../../contracts/stats.ts";

/** What is counted of one plugin: `sluice.wasm.<plugin name>.`; and of its runtime: `wasm.<runtime>.`. */
export interface PluginStats {
  /** `wasm.<runtime>.created`: VMs made. */
  readonly created: Counter;
  /** `wasm.<runtime>.active`: VMs that exist. */
  readonly active: Gauge;
  /** VMs that trapped. */
  readonly vmFailed: Counter;
  /** Traps because a call took more CPU than its limit. */
  readonly cpuLimitExceeded: Counter;
  /** Calls that took more and ended on their own just then. */
  readonly cpuOverrun: Counter;
}

/** The stats of a plugin. */
export function pluginStats(scope: StatsScope, pluginName: string, runtime: string): PluginStats {
  const own = scope.scope(`sluice.wasm.${pluginName}`);
  const shared = scope.scope(`wasm.${runtime}`);
  return {
    created: shared.counter("created"),
    active: shared.gauge("active"),
    vmFailed: own.counter("vm_failed"),
    cpuLimitExceeded: own.counter("cpu_limit_exceeded"),
    cpuOverrun: own.counter("cpu_overrun"),
  };
}

const nothing = { name: "", value: 0, inc() {}, dec() {}, add() {}, sub() {}, set() {} };

/** For canary runs, which nobody counts. */
export const uncounted: PluginStats = {
  created: nothing,
  active: nothing,
  vmFailed: nothing,
  cpuLimitExceeded: nothing,
  cpuOverrun: nothing,
};
