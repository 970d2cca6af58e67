import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { assemblyScript } from "../support/assemblyscript.ts";
import { FilterHarness, requestHead } from "../support/filter-harness.ts";
import { pluginSettings, WasmHost, wasmInstances } from "../support/wasm.ts";

const root = path.resolve(import.meta.dirname, "../..");

test("the filter of sdk-assemblyscript/README.md compiles and does what it says", async () => {
  const readme = readFileSync(path.join(root, "sdk-assemblyscript/README.md"), "utf8");
  const [, source] = /```ts\n([\s\S]*?)```/.exec(readme)!;
  const folder = path.join(root, ".cache/sdk-readme");
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, "index.ts"), source!);
  const code = await assemblyScript(".cache/sdk-readme/index.ts");

  const host = new WasmHost();
  assert.match((await host.prepare(code)) as string, /proxy_on_configure returned false/);
  assert.deepEqual(host.canaryLogger.take(), [
    "error wasm log: the configuration must be the token",
  ]);
  const instances = {
    W: wasmInstances(await host.load(code, pluginSettings({ configuration: "s3cret" }))),
  };
  const refused = new FilterHarness({ filters: ["W"], instances });
  refused.request(true);
  assert.equal(refused.status, "401");
  assert.equal(refused.body, "no\n");
  assert.equal(refused.responseHeaders!.get("www-authenticate"), "Token");
  assert.equal(refused.streamInfo.responseCodeDetails, "wrong_token");
  const requestHeaders = requestHead(["x-token", "s3cret"]);
  const allowed = new FilterHarness({ filters: ["W"], instances, requestHeaders });
  allowed.request(true).respond(true);
  assert.equal(allowed.status, "200");
  assert.ok(!requestHeaders.has("x-token"));
});
