import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonValue } from "@bufbuild/protobuf";
import {
  luaFilter,
  type LuaConfig,
} from "../../../../../host/src/extensions/http-filters/lua/config.ts";
import type { LuaRouteConfig } from "../../../../../host/src/extensions/http-filters/lua/scripts.ts";
import { messageOf, recordingParseContext } from "../../../../support/config-message.ts";

function parse(config: JsonValue): { config: LuaConfig; problems: string[] } {
  const context = recordingParseContext();
  const message = messageOf("envoy.extensions.filters.http.lua.v3.Lua", config);
  const parsed = luaFilter.parseConfig(message as never, context);
  return { config: parsed, problems: context.problems };
}

function parseRoute(config: JsonValue): { config: LuaRouteConfig; warnings: string[] } {
  const context = recordingParseContext();
  const message = messageOf("envoy.extensions.filters.http.lua.v3.LuaPerRoute", config);
  const parsed = luaFilter.parseRouteConfig!(message as never, context);
  return { config: parsed, warnings: context.warnings };
}

const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();

test("parseConfig() gives the scripts as plain data", () => {
  const { config, problems } = parse({
    default_source_code: { inline_string: "main" },
    source_codes: { other: { inline_string: "second" } },
    stat_prefix: "p",
    clear_route_cache: false,
    filter_context: { k: [1, "two", null] },
    package_paths: ["/a/?.lua"],
    shared_vm_id: "one",
  });
  assert.deepEqual(problems, []);
  assert.equal(text(config.source), "main");
  assert.equal(text(config.sources.get("other")), "second");
  const { statPrefix, clearRouteCache, filterContext, packagePaths, sharedVmId } = config;
  assert.deepEqual(
    { statPrefix, clearRouteCache, filterContext, packagePaths, sharedVmId },
    {
      statPrefix: "p",
      clearRouteCache: false,
      filterContext: { k: [1, "two", null] },
      packagePaths: ["/a/?.lua"],
      sharedVmId: "one",
    },
  );
  structuredClone(config);
});

test("parseConfig() has Envoy's defaults, and takes one script only", () => {
  const { config } = parse({});
  assert.deepEqual(
    [config.source, config.clearRouteCache, config.filterContext, config.sharedVmId],
    [undefined, true, {}, ""],
  );
  assert.equal(text(parse({ inline_code: "old" }).config.source), "old");
  assert.match(
    parse({ inline_code: "old", default_source_code: { inline_string: "new" } }).problems[0]!,
    /Only one of `inline_code` or `default_source_code`/,
  );
});

test("parseRouteConfig() tells a context of its own from none", () => {
  assert.equal(parseRoute({ name: "n" }).config.filterContext, undefined);
  assert.deepEqual(parseRoute({ filter_context: {} }).config.filterContext, {});
  assert.equal(parseRoute({ disabled: true }).config.disabled, true);
});

test("parseRouteConfig() warns of what belongs to a script that is not there", () => {
  const own = { source_code: { inline_string: "x" }, package_paths: ["?"], shared_vm_id: "a" };
  const { config, warnings } = parseRoute(own);
  assert.deepEqual([config.packagePaths, config.sharedVmId, warnings], [["?"], "a", []]);
  const without = parseRoute({ name: "n", package_paths: ["?"], shared_vm_id: "a" }).warnings;
  assert.deepEqual(
    without.map((line) => line.split(":", 1)[0]),
    ["package_paths", "shared_vm_id"],
  );
});
