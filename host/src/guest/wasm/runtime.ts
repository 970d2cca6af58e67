import type { WorkerContext } from "../../contracts/runtime.ts";
import type { Result } from "../../contracts/result.ts";
import { guestBudgetOf } from "../limits/guest-budget.ts";
import { instantiateLimited } from "../limits/instance.ts";
import type { Plugin } from "./plugin.ts";
import { GuestExports } from "./proxy-wasm/guest-exports.ts";
import { vmImports } from "./proxy-wasm/imports.ts";
import { RootContext } from "./proxy-wasm/root-context.ts";
import { Restriction, type VmEnvironment, WasmVm } from "./proxy-wasm/vm.ts";
import { guestSharedOf } from "../shared/shared-state.ts";
import { type PluginStats, pluginStats } from "./stats.ts";

/** Makes an instance and runs its start functions. The text of an error says what failed. */
export function createVm(
  plugin: Plugin,
  environment: VmEnvironment,
  stats: PluginStats,
  startMs: number,
): Result<WasmVm, string> {
  const vm = new WasmVm(plugin, environment, stats);
  vm.withBudget(startMs, () => {
    instantiate(vm);
    if (vm.failure === undefined) runStartFunctions(vm);
  });
  vm.restriction = Restriction.None;
  if (vm.failure !== undefined) return { ok: false, error: vm.failure };
  if (!environment.shared.hold(vm.sharedName)) {
    return { ok: false, error: "the memory that guests share is full" };
  }
  stats.created.inc();
  stats.active.inc();
  return { ok: true, value: vm };
}

function instantiate(vm: WasmVm): void {
  const { plugin, environment } = vm;
  const { module, memory, table } = plugin.module;
  const imports = vmImports(vm);
  if (table !== undefined) {
    imports[table.module] = {
      ...imports[table.module],
      [table.name]: new WebAssembly.Table({
        element: "anyfunc",
        initial: table.initial,
        maximum: table.maximum,
      }),
    };
  }
  vm.callStart("start section", () => {
    const limited = { module, memory };
    const made = instantiateLimited(limited, imports, environment.epoch, (own) =>
      vm.memory.attach(own),
    );
    vm.exports = new GuestExports(made.instance.exports, plugin.settings.vm.allowedCapabilities);
  });
}

function runStartFunctions(vm: WasmVm): void {
  const { initialize, main, mainVoid, start } = vm.exports.startFunctions;
  if (initialize === undefined) {
    if (start !== undefined) vm.callStart("_start", () => start());
    return;
  }
  vm.callStart("_initialize", () => initialize());
  if (main !== undefined) vm.callStart("main", () => main(0, 0));
  else if (mainVoid !== undefined) vm.callStart("__main_void", () => mainVoid());
}

/** Creates and configures `plugin` in `vm`; each of its callbacks may take `startMs` of CPU. */
export function startPlugin(
  vm: WasmVm,
  plugin: Plugin,
  startMs: number,
): Result<RootContext, string> {
  const root = new RootContext(vm, vm.takeContextId(), plugin);
  vm.add(root);
  const problem = vm.withBudget(startMs, () => root.start());
  if (problem === undefined) return { ok: true, value: root };
  root.abandon();
  return { ok: false, error: problem };
}

/** A plugin as one worker uses it. */
export interface PluginHandle {
  readonly root: RootContext;
  /** The user has no streams any more. Called once. */
  release(): void;
}

class SharedVm {
  readonly vm: WasmVm;
  /** Root contexts by plugin key, with the number of their users. */
  readonly roots = new Map<string, SharedRoot>();

  constructor(vm: WasmVm) {
    this.vm = vm;
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
  readonly #vms = new Map<string, SharedVm>();

  constructor(environment: VmEnvironment, stats: (plugin: Plugin) => PluginStats) {
    this.#environment = environment;
    this.#stats = stats;
  }

  /** Number of VMs that exist. */
  get vmCount(): number {
    return this.#vms.size;
  }

  /** The plugin, ready for streams. A failed VM is never used again: this makes a new one. */
  acquire(plugin: Plugin): Result<PluginHandle, string> {
    const found = this.#vms.get(plugin.vmKey);
    if (found !== undefined && found.vm.failure === undefined) return this.#use(found, plugin);
    const { configureMs } = plugin.limits;
    const made = createVm(plugin, this.#environment, this.#stats(plugin), configureMs);
    if (!made.ok) return made;
    const shared = new SharedVm(made.value);
    this.#vms.set(plugin.vmKey, shared);
    return this.#use(shared, plugin);
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
        entry.root.shutDown(() => this.#dropUnused(shared, plugin));
      },
    };
  }

  #dropUnused(shared: SharedVm, plugin: Plugin): void {
    if (shared.roots.size > 0) return;
    if (this.#vms.get(plugin.vmKey) === shared) this.#vms.delete(plugin.vmKey);
    shared.vm.retire();
  }
}

/** The runtime of a worker: made at first use. */
export function wasmRuntimeOf(context: WorkerContext): WasmRuntime {
  return context.singleton("sluice.wasm_runtime", () => {
    const { dispatcher, localInfo } = context;
    const environment: VmEnvironment = {
      epoch: context.guestEpoch,
      budget: guestBudgetOf(context),
      logger: context.loggers.logger("wasm"),
      time: dispatcher.time,
      createTimer: (callback) => dispatcher.createTimer(callback),
      localInfo,
      shared: guestSharedOf(context),
      clusters: context.clusterManager,
      stats: context.stats,
    };
    const stats = new Map<string, PluginStats>();
    return new WasmRuntime(environment, (plugin) => {
      const { name, vm } = plugin.settings;
      const key = `${name} ${vm.runtime}`;
      const known = stats.get(key) ?? pluginStats(context.stats, name, vm.runtime);
      stats.set(key, known);
      return known;
    });
  });
}
