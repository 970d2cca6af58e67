import type { GuestLimitsConfig, WasmSettings } from "../../contracts/config/guests.ts";

/** What is configured for the plugin of these names: the first with an entry counts. */
export function wasmSettingsFor(
  config: GuestLimitsConfig,
  ...names: readonly string[]
): WasmSettings {
  const named = names.find((name) => config.wasmByName?.has(name));
  return (named === undefined ? config.wasm : config.wasmByName?.get(named)) ?? {};
}

/** Whether VMs of the plugin may be made by copying. */
export function clonesVms(config: GuestLimitsConfig, ...names: readonly string[]): boolean {
  return wasmSettingsFor(config, ...names).cloneVms ?? true;
}
