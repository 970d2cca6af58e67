import type { FieldClassTable } from "./types.ts";

const nativeCode = "scripts cannot reach native code";

export const luaFields: FieldClassTable = {
  "envoy.extensions.filters.http.lua.v3.Lua": {
    implemented: [
      "inline_code",
      "default_source_code",
      "source_codes",
      "stat_prefix",
      "clear_route_cache",
      "filter_context",
      "package_paths",
      "shared_vm_id",
    ],
    refused: { package_cpaths: nativeCode },
  },
  "envoy.extensions.filters.http.lua.v3.LuaPerRoute": {
    implemented: [
      "disabled",
      "name",
      "source_code",
      "filter_context",
      "package_paths",
      "shared_vm_id",
    ],
    refused: { package_cpaths: nativeCode },
  },
};
