import type { FieldClassTable } from "./types.ts";

export const luaFields: FieldClassTable = {
  "envoy.extensions.filters.http.lua.v3.Lua": {
    implemented: ["inline_code", "default_source_code", "stat_prefix", "clear_route_cache"],
    refused: {
      source_codes: "scripts chosen per route are not supported; use default_source_code",
    },
  },
};
