import type { GuestLimitsConfig, LuaOptions } from "../../contracts/config/guests.ts";

/** What a script speaks and reaches when nothing is configured (decision record 0005). */
export const luaOptionsDefault: LuaOptions = { dialect: "luajit", profile: "envoy-compatible" };

/** The options of the filter of that name. */
export function luaOptionsFor(config: GuestLimitsConfig, filterName: string): LuaOptions {
  const settings = config.luaByName?.get(filterName) ?? config.lua;
  return {
    dialect: settings?.dialect ?? luaOptionsDefault.dialect,
    profile: settings?.profile ?? luaOptionsDefault.profile,
  };
}
