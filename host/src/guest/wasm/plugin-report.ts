import type { WasmPluginReport } from "../watch/guest-report.ts";
import type { PluginSettings } from "./plugin.ts";
import type { RootContext } from "./proxy-wasm/root-context.ts";

/** What there is to tell of a plugin on this thread. `vm`: the number of its VM. */
export function pluginReport(root: RootContext, vm: number): WasmPluginReport {
  const { plugin, watched } = root;
  const { settings, module } = plugin;
  return {
    key: `${plugin.vmKey} ${plugin.pluginKey}`,
    name: settings.name,
    rootId: settings.rootId,
    vmId: settings.vm.vmId,
    runtime: settings.vm.runtime,
    sha256: module.sha256,
    abiVersion: module.abiVersion,
    failurePolicy: settings.failurePolicy,
    notCloned: plugin.notCloned,
    vm,
    vmStartedMs: root.vm.startedMs,
    failure: root.vm.failure ?? "",
    overCpuShare: root.share?.exceeded ?? false,
    memoryBytes: root.vm.memory.size,
    memoryHighWaterBytes: watched?.memoryHighWaterBytes ?? 0,
    contexts: root.vm.contextCount,
    tickPeriodMs: root.tickPeriodMs,
  };
}

/** Of a plugin whose code is not there: it could not be fetched. */
export function codelessReport(settings: PluginSettings): WasmPluginReport {
  const { name, rootId, vm, failurePolicy } = settings;
  return {
    key: `codeless ${name} ${rootId} ${vm.vmId}`,
    name,
    rootId,
    vmId: vm.vmId,
    runtime: vm.runtime,
    sha256: "",
    abiVersion: "",
    failurePolicy,
    notCloned: "its code is not there",
    vm: 0,
    vmStartedMs: 0,
    failure: "its code is not there",
    overCpuShare: false,
    memoryBytes: 0,
    memoryHighWaterBytes: 0,
    contexts: 0,
    tickPeriodMs: 0,
  };
}
