import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { assemblyScript } from "../support/assemblyscript.ts";
import { FilterHarness, requestHead } from "../support/filter-harness.ts";
import { pluginSettings, WasmHost, wasmInstances } from "../support/wasm.ts";

const root = path.resolve(import.meta.dirname, "../..");

const readme = readFileSync(path.join(root, "sdk-assemblyscript/README.md"), "utf8");
const sources = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, source]) => source!);

/** The module of the README's so many-th filter. */
async function compiled(number: number): Promise<Uint8Array<ArrayBuffer>> {
  const folder = path.join(root, `.cache/sdk-readme-${number}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, "index.ts"), sources[number]!);
  return assemblyScript(path.join(folder, "index.ts"), { optimize: false });
}

test("the README of the SDK shows two filters", () => assert.equal(sources.length, 2));

test("the README's first filter lets in who has the token", async () => {
  const code = await compiled(0);

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

test("the README's second filter reads its configuration and says what is wrong with it", async () => {
  const code = await compiled(1);
  const host = new WasmHost();
  const wrong = '{"limits": [{"perSecond": 1}, {"perSecond": -1}], "limit": 1}';
  await host.prepare(code, pluginSettings({ configuration: wrong }));
  assert.deepEqual(host.canaryLogger.take(), [
    "error wasm log: configuration: $.limits[1].perSecond: must be a whole number from 0 to 4294967295",
    "error wasm log: configuration: $.limit: is not known; there are limits",
  ]);
  const configuration = '{"limits": [{"path": "/api/", "perSecond": 5}]}';
  const handle = await host.load(code, pluginSettings({ configuration }));
  const instances = { W: wasmInstances(handle) };
  const requestHeaders = requestHead();
  requestHeaders.set(":path", "/api/x");
  new FilterHarness({ filters: ["W"], instances, requestHeaders }).request(true);
  assert.equal(requestHeaders.get("x-limit"), "5");
});
