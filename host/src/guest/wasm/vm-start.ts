import { wasiModules } from "@sluice/abi";
import type { Result } from "../../contracts/result.ts";
import { instantiateLimited } from "../limits/instance.ts";
import { startExport } from "../limits/state-exports.ts";
import { restoreState } from "./engine/instance-state.ts";
import { wantedExports } from "./filter-description.ts";
import type { Plugin, VmSnapshot } from "./plugin.ts";
import { GuestExports } from "./proxy-wasm/guest-exports.ts";
import { vmImports } from "./proxy-wasm/imports.ts";
import { RootContext } from "./proxy-wasm/root-context.ts";
import { Restriction } from "./proxy-wasm/restriction.ts";
import type { VmEnvironment } from "./proxy-wasm/vm-environment.ts";
import { WasmVm } from "./proxy-wasm/vm.ts";
import type { PluginStats } from "./stats.ts";

/** Follows how a VM starts. */
export interface StartObserver {
  /** What is imported instead of these host calls. */
  hostcalls(functions: WebAssembly.ModuleImports): WebAssembly.ModuleImports;
  /** The same of WASI functions; absent: nothing else. */
  wasi?(functions: WebAssembly.ModuleImports): WebAssembly.ModuleImports;
  /** The instance exists; nothing of it has run. */
  instantiated(exports: WebAssembly.Exports, memory: WebAssembly.Memory | undefined): void;
}

/** Makes an instance and runs its start functions. The text of an error says what failed. */
export function createVm(
  plugin: Plugin,
  environment: VmEnvironment,
  stats: PluginStats,
  startMs: number,
  observer?: StartObserver,
): Result<WasmVm, string> {
  const vm = new WasmVm(plugin, environment, stats);
  vm.withBudget(startMs, () => {
    instantiate(
      vm,
      plugin.module.memory?.initial ?? 0,
      (exports, memory) => {
        observer?.instantiated(exports, memory);
        (exports[startExport] as (() => void) | undefined)?.();
      },
      observer,
    );
    if (vm.failure === undefined) runStartFunctions(vm);
  });
  return inUse(vm);
}

/**
 * Makes a VM that is what the one of the snapshot was when it had been configured, with the plugin's root context.
 * No guest code runs. It is made in steps, between which a thread that serves traffic can serve; `finished` runs them.
 */
export function* cloneVm(
  plugin: Plugin,
  snapshot: VmSnapshot,
  environment: VmEnvironment,
  stats: PluginStats,
): Generator<undefined, Result<RootContext, string>> {
  const vm = new WasmVm(plugin, environment, stats);
  const { state } = snapshot;
  const made: { exports?: WebAssembly.Exports; memory?: WebAssembly.Memory | undefined } = {};
  instantiate(vm, state.memoryPages, (exports, memory) => Object.assign(made, { exports, memory }));
  yield undefined;
  const { exports, memory } = made;
  if (exports !== undefined) {
    vm.callStart("state", () => restoreState(exports, plugin.module.state, state, memory));
  }
  const used = inUse(vm);
  if (!used.ok) return used;
  for (const [type, name] of snapshot.metrics) vm.metrics.define(type, name);
  stats.cloned.inc();
  vm.resumeContextIds(snapshot.rootId);
  const root = new RootContext(vm, snapshot.rootId, plugin);
  vm.add(root);
  root.resume(snapshot.tickPeriodMs);
  return { ok: true, value: root };
}

/** Runs all steps at once. */
export function finished<T>(steps: Generator<undefined, T>): T {
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

function inUse(vm: WasmVm): Result<WasmVm, string> {
  vm.restriction = Restriction.None;
  if (vm.failure !== undefined) return { ok: false, error: vm.failure };
  if (!vm.environment.shared.hold(vm.sharedName)) {
    return { ok: false, error: "the memory that guests share is full" };
  }
  vm.started();
  return { ok: true, value: vm };
}

/** `prepare` is called when the instance exists and nothing of it has run; what it throws fails the VM. */
function instantiate(
  vm: WasmVm,
  initialPages: number,
  prepare: (exports: WebAssembly.Exports, memory: WebAssembly.Memory | undefined) => void,
  observer?: StartObserver,
): void {
  const { plugin, environment } = vm;
  const { module, memory, table } = plugin.module;
  const imports = vmImports(vm);
  if (observer !== undefined) observe(imports, observer);
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
  const limited = { module, memory: memory && { ...memory, initial: initialPages } };
  vm.callStart("start section", () => {
    const made = instantiateLimited(limited, imports, environment.epoch, (own) =>
      vm.memory.attach(own),
    );
    const { exports } = made.instance;
    vm.instantiated(exports);
    prepare(exports, made.memory);
    vm.exports = new GuestExports(
      wantedExports(exports, plugin.module.description),
      plugin.settings.vm.allowedCapabilities,
    );
  });
}

function observe(imports: WebAssembly.Imports, observer: StartObserver): void {
  imports["env"] = observer.hostcalls(imports["env"]!);
  if (observer.wasi === undefined) return;
  for (const name of wasiModules) imports[name] = observer.wasi(imports[name]!);
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
