import type { GuestLimitsConfig } from "../../contracts/config/guests.ts";
import { callBudgetMs, memoryBytesDefault, type StaticLimits, staticLimits } from "./defaults.ts";

/** The limits of one guest: what is configured for it, else the defaults. */
export interface EffectiveLimits {
  /** CPU milliseconds of a call for a stream, connection or timer. */
  readonly callbackMs: number;
  /** CPU milliseconds of starting on a worker. */
  readonly configureMs: number;
  /** The same on the main thread, where it is tried first. */
  readonly canaryMs: number;
  readonly memoryBytes: number;
  readonly module: StaticLimits;
}

/** The limits of the guest that is known under these names (a plugin's, a filter's): the first with an entry counts. */
export function limitsFor(config: GuestLimitsConfig, ...names: readonly string[]): EffectiveLimits {
  const named = names.find((name) => config.byName.has(name));
  const limits = named === undefined ? config.defaultLimits : config.byName.get(named)!;
  return {
    callbackMs: limits.cpuTimePerCallbackMs ?? callBudgetMs.callback,
    configureMs: limits.cpuTimePerConfigureMs ?? callBudgetMs.configure,
    canaryMs: limits.cpuTimePerConfigureMs ?? callBudgetMs.canary,
    memoryBytes: limits.maxMemoryBytes ?? memoryBytesDefault,
    module: {
      ...staticLimits,
      moduleBytes: limits.maxModuleBytes ?? staticLimits.moduleBytes,
      functionBodyBytes: limits.maxFunctionBodyBytes ?? staticLimits.functionBodyBytes,
      counts: {
        ...staticLimits.counts,
        functions: limits.maxFunctions ?? staticLimits.counts.functions,
      },
    },
  };
}
