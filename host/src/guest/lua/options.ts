import type { GuestLimitsConfig, LuaOptions } from "../../contracts/config/guests.ts";
import { type EffectiveLimits, limitsFor } from "../limits/effective-limits.ts";
import { type StateQuotaLimits, stateQuotaDefault } from "./engine/state-quota.ts";

/** What a script speaks and reaches when nothing is configured (decision record 0005). */
export const luaOptionsDefault: LuaOptions = {
  dialect: "luajit",
  profile: "envoy-compatible",
  extensions: true,
  countInstructions: false,
};

/** Bytes of linear memory of one Lua state. */
const luaMemoryBytesDefault = 32 * 1_048_576;

/** The options of the filter of that name. */
export function luaOptionsFor(config: GuestLimitsConfig, filterName: string): LuaOptions {
  const settings = config.luaByName?.get(filterName) ?? config.lua;
  return {
    dialect: settings?.dialect ?? luaOptionsDefault.dialect,
    profile: settings?.profile ?? luaOptionsDefault.profile,
    extensions: settings?.extensions ?? luaOptionsDefault.extensions,
    countInstructions: settings?.countInstructions ?? luaOptionsDefault.countInstructions,
  };
}

/** What the scripts of the filter of that name may `require`, by name. */
export function luaModulesFor(
  config: GuestLimitsConfig,
  filterName: string,
): ReadonlyMap<string, Uint8Array> {
  return (config.luaByName?.get(filterName) ?? config.lua)?.modules ?? new Map();
}

/** The limits of the filter of that name; a script needs less memory than a module. */
export function luaLimitsFor(config: GuestLimitsConfig, filterName: string): EffectiveLimits {
  const configured = config.byName.get(filterName) ?? config.defaultLimits;
  return {
    ...limitsFor(config, filterName),
    memoryBytes: configured.maxMemoryBytes ?? luaMemoryBytesDefault,
  };
}

/** What the states of one worker may take together. */
export function stateQuotaOf(config: GuestLimitsConfig): StateQuotaLimits {
  return {
    states: config.luaStates?.maxStates ?? stateQuotaDefault.states,
    bytes: config.luaStates?.maxMemoryBytes ?? stateQuotaDefault.bytes,
  };
}
