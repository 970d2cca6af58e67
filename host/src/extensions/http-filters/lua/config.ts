import type { DataSource } from "../../../config/gen/envoy/config/core/v3/base_pb.js";
import type {
  Lua,
  LuaPerRoute,
} from "../../../config/gen/envoy/extensions/filters/http/lua/v3/lua_pb.js";
import type { HttpFilterFactory, ParseContext } from "../../../contracts/extension.ts";
import type { Struct } from "../../../guest/lua/api/values.ts";
import type { LuaScriptConfig } from "../../../guest/lua/script-config.ts";
import type { LuaRouteConfig } from "./scripts.ts";

/** `envoy.extensions.filters.http.lua.v3.Lua` as plain data. */
export interface LuaConfig {
  /** The script's text; undefined for an empty configuration. */
  readonly source: Uint8Array | undefined;
  /** The script ready to be loaded: set by `prepare`. */
  readonly script: LuaScriptConfig | undefined;
  /** `source_codes`, and the same ready to be loaded. */
  readonly sources: ReadonlyMap<string, Uint8Array>;
  readonly named: ReadonlyMap<string, LuaScriptConfig>;
  readonly statPrefix: string;
  readonly clearRouteCache: boolean;
  readonly filterContext: Struct;
  /** Templates for `package.path`. */
  readonly packagePaths: readonly string[];
  /** Scripts of the same text with the same id have one state; empty: each has its own. */
  readonly sharedVmId: string;
}

function parseConfig(message: Lua, context: ParseContext): LuaConfig {
  const inline = message.inlineCode;
  const source = message.defaultSourceCode;
  if (inline !== "" && source !== undefined) {
    const text =
      "Error: Only one of `inline_code` or `default_source_code` can be set for the Lua filter.";
    context.problem(message, "inline_code", text);
  }
  const sources = new Map<string, Uint8Array>();
  for (const [name, code] of Object.entries(message.sourceCodes)) {
    const text = context.dataSource(code, message, `source_codes["${name}"]`);
    if (text !== undefined) sources.set(name, text);
  }
  return {
    source: inline !== "" ? Buffer.from(inline) : readSource(message, source, context),
    script: undefined,
    sources,
    named: new Map(),
    statPrefix: message.statPrefix,
    clearRouteCache: message.clearRouteCache ?? true,
    filterContext: message.filterContext ?? {},
    packagePaths: message.packagePaths,
    sharedVmId: message.sharedVmId,
  };
}

function readSource(
  message: Lua,
  source: DataSource | undefined,
  context: ParseContext,
): Uint8Array | undefined {
  return source && context.dataSource(source, message, "default_source_code");
}

function parseRouteConfig(message: LuaPerRoute, context: ParseContext): LuaRouteConfig {
  const { override } = message;
  if (override.case !== "sourceCode") {
    const text = "has no effect without source_code: other scripts are loaded as the filter says";
    if (message.packagePaths.length > 0) context.warning(message, "package_paths", text);
    if (message.sharedVmId !== "") context.warning(message, "shared_vm_id", text);
  }
  return {
    disabled: override.case === "disabled" && override.value,
    name: override.case === "name" ? override.value : "",
    source:
      override.case === "sourceCode"
        ? context.dataSource(override.value, message, "source_code")
        : undefined,
    script: undefined,
    packagePaths: message.packagePaths,
    sharedVmId: message.sharedVmId,
    filterContext: message.filterContext,
  };
}

export const luaFilter: HttpFilterFactory<LuaConfig, LuaRouteConfig> = {
  name: "envoy.filters.http.lua",
  messageName: "envoy.extensions.filters.http.lua.v3.Lua",
  isTerminal: false,
  routeMessageName: "envoy.extensions.filters.http.lua.v3.LuaPerRoute",
  parseConfig,
  async prepare(config, context) {
    const { prepareConfig } = await import("./prepare.ts");
    return prepareConfig(config, context);
  },
  parseRouteConfig,
  async prepareRouteConfig(config, context) {
    const { prepareRouteConfig } = await import("./prepare.ts");
    return prepareRouteConfig(config, context);
  },
  async createFilterFactory(config, context) {
    const { createFilters } = await import("./create-filters.ts");
    return createFilters(config, context);
  },
};
