import { createRegistry } from "../common/extension-registry.ts";
import type { ExtensionRegistry } from "../contracts/extension.ts";
import { luaFilter } from "./http-filters/lua/config.ts";
import { wasmFilter } from "./http-filters/wasm/config.ts";

/** Everything that is built in. A new extension becomes known by a line here. */
export const registry: ExtensionRegistry = createRegistry({
  httpFilters: [luaFilter, wasmFilter],
  networkFilters: [],
  listenerFilters: [],
  accessLoggers: [],
});
