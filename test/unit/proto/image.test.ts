import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { schema } from "../../../host/src/config/schema.ts";

const build = fileURLToPath(new URL("../../../host/proto/build.js", import.meta.url));
const image = fileURLToPath(new URL("../../../host/proto/sluice.binpb", import.meta.url));

test("the descriptors have the fields of the overlay", () => {
  const fields: [string, string, number][] = [
    ["envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy", "check_drain_close", 24],
    ["envoy.extensions.wasm.v3.PluginConfig", "failure_policy", 7],
    ["envoy.config.core.v3.HttpProtocolOptions", "max_response_headers_kb", 7],
    ["envoy.extensions.filters.http.lua.v3.Lua", "clear_route_cache", 5],
  ];
  for (const [message, name, number] of fields) {
    const field = schema()
      .message(message)
      .fields.find((candidate) => candidate.name === name);
    assert.equal(field?.number, number, `${message}.${name}`);
  }
});

test("the descriptors have the overlay's changes of rules", () => {
  const perRoute = schema().message("envoy.extensions.filters.http.lua.v3.LuaPerRoute");
  assert.equal(schema().required(perRoute.oneofs[0]!), false);
});

test("build.js does nothing when nothing has changed", () => {
  const before = fs.statSync(image).mtimeMs;
  execFileSync(process.execPath, [build]);
  assert.equal(fs.statSync(image).mtimeMs, before);
});
