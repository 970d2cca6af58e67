import { systemTime } from "../../common/time/clock.ts";
import type { WorkerContext } from "../../contracts/runtime.ts";
import type { Result } from "../../contracts/result.ts";
import { cpuSharesOf } from "../limits/cpu-share.ts";
import { vmsPerWorkerMax } from "../limits/defaults.ts";
import { guestBudgetOf } from "../limits/guest-budget.ts";
import type { WasmPluginReport } from "../watch/guest-report.ts";
import { guestReportsOf } from "../watch/guest-reports.ts";
import { guestWatchesOf } from "../watch/guest-watches.ts";
import { pluginReport } from "./plugin-report.ts";
import type { Plugin, VmSnapshot } from "./plugin.ts";
import type { RootContext } from "./proxy-wasm/root-context.ts";
import type { VmEnvironment } from "./proxy-wasm/vm-environment.ts";
import type { WasmVm } from "./proxy-wasm/vm.ts";
import { resolveName } from "./resolve-name.ts";
import { guestSharedOf } from "../shared/shared-state.ts";
import { type PluginStats, pluginStats } from "./stats.ts";
import { cloneVm, createVm, finished, startPlugin } from "./vm-start.ts";

/** A plugin as one worker uses it. */
export interface PluginHandle {
  readonly root: RootContext;
  /** The user has no streams any more. Called once. */
  release(): void;
}

class SharedVm {
  readonly vm: WasmVm;
  /** Unique in the thread. */
  readonly number: number;
  /** Root contexts by plugin key, with the number of their users. */
  readonly roots = new Map<string, SharedRoot>();
  /** Root contexts without users that the guest has not let go of yet. */
  leaving = 0;

  constructor(vm: WasmVm, number: number) {
    this.vm = vm;
    this.number = number;
  }
}

interface SharedRoot {
  readonly root: RootContext;
  users: number;
}

/**
 * The VMs of one worker. Plugins of the same code and VM settings share one; a plugin that is pushed again with
 * nothing changed keeps its root context, one whose configuration has changed gets another beside it.
 */
export class WasmRuntime {
  readonly #environment: VmEnvironment;
  readonly #stats: (plugin: Plugin) => PluginStats;
  readonly #vmsMax: number;
  readonly #vms = new Map<string, SharedVm>();
  #number = 0;

  /** `vmsMax`: VMs that may exist. */
  constructor(
    environment: VmEnvironment,
    stats: (plugin: Plugin) => PluginStats,
    vmsMax: number = vmsPerWorkerMax,
  ) {
    this.#environment = environment;
    this.#stats = stats;
    this.#vmsMax = vmsMax;
  }

  /** Number of VMs that exist. */
  get vmCount(): number {
    return this.#vms.size;
  }

  /** The VMs that exist. */
  get vms(): WasmVm[] {
    return [...this.#vms.values()].map(({ vm }) => vm);
  }

  /** What is counted of a plugin, whoever's VM it is in. */
  statsOf(plugin: Plugin): PluginStats {
    return this.#stats(plugin);
  }

  /** The plugins as they are. */
  report(): WasmPluginReport[] {
    const reports: WasmPluginReport[] = [];
    for (const shared of this.#vms.values()) {
      for (const { root } of shared.roots.values()) reports.push(pluginReport(root, shared.number));
    }
    return reports;
  }

  /** The plugin, ready for streams. A failed VM is never used again: this makes a new one. */
  acquire(plugin: Plugin): Result<PluginHandle, string> {
    const acquired = this.#acquire(plugin);
    if (!acquired.ok) this.#remember(plugin, acquired.error);
    return acquired;
  }

  /** As `acquire`. Where a VM is made, `turn` is awaited before each step, so that the thread can serve meanwhile. */
  async acquireInSteps(
    plugin: Plugin,
    turn: () => Promise<void>,
  ): Promise<Result<PluginHandle, string>> {
    const { snapshot } = plugin;
    const found = this.#vms.get(plugin.vmKey);
    if (snapshot === undefined || (found !== undefined && found.vm.failure === undefined)) {
      return this.acquire(plugin);
    }
    const steps = this.#cloning(plugin, snapshot);
    // Reading the message that brought the plugin was work enough for one turn.
    await turn();
    let step = steps.next();
    while (step.done !== true) {
      await turn();
      step = steps.next();
    }
    const made = step.value;
    const acquired = this.#acquire(plugin, made);
    if (!acquired.ok) this.#remember(plugin, acquired.error);
    // Somebody else may have made a VM meanwhile, or the last that there may be.
    if (made.ok && !(acquired.ok && acquired.value.root === made.value)) {
      made.value.abandon();
      made.value.vm.retire();
    }
    return acquired;
  }

  /** `clone`: one that has been made already. */
  #acquire(plugin: Plugin, clone?: Result<RootContext, string>): Result<PluginHandle, string> {
    const found = this.#vms.get(plugin.vmKey);
    if (found !== undefined && found.vm.failure === undefined) return this.#use(found, plugin);
    if (found === undefined && this.#vms.size >= this.#vmsMax) {
      this.#environment.stats?.counter("sluice.wasm.vm_limit_exceeded").inc();
      const text = `the worker has ${this.#vmsMax} Wasm VMs, which is the limit (sluice.guests: max_wasm_vms_per_worker)`;
      return { ok: false, error: text };
    }
    const { snapshot } = plugin;
    if (snapshot === undefined) return this.#start(plugin);
    return this.#useClone(plugin, clone ?? finished(this.#cloning(plugin, snapshot)));
  }

  #start(plugin: Plugin): Result<PluginHandle, string> {
    const { configureMs } = plugin.limits;
    const made = createVm(plugin, this.#environment, this.#stats(plugin), configureMs);
    if (!made.ok) return made;
    const shared = new SharedVm(made.value, this.#nextNumber());
    this.#vms.set(plugin.vmKey, shared);
    return this.#use(shared, plugin);
  }

  #cloning(
    plugin: Plugin,
    snapshot: VmSnapshot,
  ): Generator<undefined, Result<RootContext, string>> {
    return cloneVm(plugin, snapshot, this.#environment, this.#stats(plugin));
  }

  #useClone(plugin: Plugin, made: Result<RootContext, string>): Result<PluginHandle, string> {
    if (!made.ok) return made;
    const shared = new SharedVm(made.value.vm, this.#nextNumber());
    this.#vms.set(plugin.vmKey, shared);
    const entry: SharedRoot = { root: made.value, users: 1 };
    shared.roots.set(plugin.pluginKey, entry);
    return { ok: true, value: this.#handle(shared, entry, plugin) };
  }

  #use(shared: SharedVm, plugin: Plugin): Result<PluginHandle, string> {
    const known = shared.roots.get(plugin.pluginKey);
    if (known !== undefined) {
      known.users += 1;
      return { ok: true, value: this.#handle(shared, known, plugin) };
    }
    const started = startPlugin(shared.vm, plugin, plugin.limits.configureMs);
    if (!started.ok) {
      this.#dropUnused(shared, plugin);
      return started;
    }
    const entry: SharedRoot = { root: started.value, users: 1 };
    shared.roots.set(plugin.pluginKey, entry);
    return { ok: true, value: this.#handle(shared, entry, plugin) };
  }

  #handle(shared: SharedVm, entry: SharedRoot, plugin: Plugin): PluginHandle {
    return {
      root: entry.root,
      release: () => {
        entry.users -= 1;
        if (entry.users > 0) return;
        shared.roots.delete(plugin.pluginKey);
        shared.leaving += 1;
        entry.root.shutDown(() => {
          shared.leaving -= 1;
          this.#dropUnused(shared, plugin);
        });
      },
    };
  }

  /** Of a plugin that could not be started. A trap has been remembered where it happened. */
  #remember(plugin: Plugin, failure: string): void {
    const { failures, time } = this.#environment;
    if (failures === undefined || failures.all()[0]?.failure === failure) return;
    const { name, rootId, vm } = plugin.settings;
    const timeMs = time.systemMs();
    const place = { plugin: name, rootId, vmId: vm.vmId };
    failures.add({ timeMs, ...place, failure, backtrace: [], hostCalls: "none" });
  }

  #nextNumber(): number {
    this.#number += 1;
    return this.#number;
  }

  #dropUnused(shared: SharedVm, plugin: Plugin): void {
    if (shared.roots.size + shared.leaving > 0) return;
    if (this.#vms.get(plugin.vmKey) === shared) this.#vms.delete(plugin.vmKey);
    shared.vm.retire();
  }
}

/** The runtime of a worker: made at first use. */
export function wasmRuntimeOf(context: WorkerContext): WasmRuntime {
  return context.singleton("sluice.wasm_runtime", () => {
    const { dispatcher, localInfo } = context;
    const reports = guestReportsOf(context);
    const environment: VmEnvironment = {
      epoch: context.guestEpoch,
      budget: guestBudgetOf(context),
      logger: context.loggers.logger("wasm"),
      time: dispatcher.machineTime ?? systemTime,
      createTimer: (callback) => dispatcher.createTimer(callback),
      random: dispatcher.random,
      localInfo,
      shared: guestSharedOf(context),
      clusters: context.clusterManager,
      resolveName,
      cpuShares: cpuSharesOf(context),
      watches: guestWatchesOf(context),
      failures: reports.failures,
      stats: context.stats,
    };
    const stats = new Map<string, PluginStats>();
    const statsOf = (plugin: Plugin): PluginStats => {
      const { name, vm } = plugin.settings;
      const key = `${name} ${vm.runtime}`;
      const known = stats.get(key) ?? pluginStats(context.stats, name, vm.runtime);
      stats.set(key, known);
      return known;
    };
    const vmsMax = context.guestLimits.wasmVmsPerWorkerMax;
    const runtime = new WasmRuntime(environment, statsOf, vmsMax);
    reports.addPlugins(() => runtime.report());
    return runtime;
  });
}
