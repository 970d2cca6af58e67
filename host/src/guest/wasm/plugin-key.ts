import { createHash } from "node:crypto";
import type { EffectiveLimits } from "../limits/effective-limits.ts";
import type { LoadedModule, Plugin, PluginSettings, VmSettings } from "./plugin.ts";

/** Of everything that a VM depends on. */
export function vmKey(vm: VmSettings, limits: EffectiveLimits, module: LoadedModule): string {
  return digest(
    vm.vmId,
    vm.runtime,
    vm.configuration,
    JSON.stringify([vm.environment, vm.allowedCapabilities ?? null, limits]),
    module.sha256,
  );
}

/** Of everything that a root context depends on, besides its VM. */
export function pluginKey(settings: PluginSettings): string {
  const { name, rootId, configuration, vm: _vm, codeFile: _file, ...others } = settings;
  return digest(name, rootId, configuration, JSON.stringify(others));
}

/** The plugin in the same VM, with another configuration, which no snapshot has. */
export function reconfigured(plugin: Plugin, configuration: Uint8Array): Plugin {
  const settings = { ...plugin.settings, configuration };
  const notCloned = "it is configured for a route";
  return { ...plugin, settings, pluginKey: pluginKey(settings), snapshot: undefined, notCloned };
}

/** Of parts whose borders count. */
function digest(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest("hex");
}
