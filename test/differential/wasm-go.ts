import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { PluginInstances } from "../../host/src/extensions/http-filters/wasm/plugin-instances.ts";
import { AnsweringFilters } from "../support/answering-filter.ts";
import { HcmServer, TestClient } from "../support/hcm-server.ts";
import { pluginSettings, WasmHost } from "../support/wasm.ts";

// A filter built with the Go SDK, which is too large to be committed.

const file = path.resolve(import.meta.dirname, "../fixtures/wasm/go/probe.wasm");
const skip = existsSync(file) ? false : "not built: test/fixtures/wasm/go/build.sh";

test("a Go filter reads headers and bodies, answers, counts and shares", { skip }, async () => {
  const host = new WasmHost();
  const settings = pluginSettings({ configuration: "hello" });
  const instances = new PluginInstances(await host.start(readFileSync(file), settings));
  await using server = await HcmServer.start({
    filters: [
      { name: "wasm", instances },
      { name: "answer", instances: new AnsweringFilters() },
    ],
  });
  await using client = await TestClient.connect(server.port);
  client.send("GET / HTTP/1.1\r\nhost: h\r\nx-do: pass\r\n\r\n");
  assert.match(await client.response(), /\r\nx-go: pass/);
  client.send("POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 4\r\n\r\nbody");
  assert.match(await client.response(), /go:body$/);
  client.send("GET / HTTP/1.1\r\nhost: h\r\nx-do: refuse\r\n\r\n");
  const refused = await client.response();
  assert.match(refused, /^HTTP\/1\.1 401 Unauthorized\r\n/);
  assert.match(refused, /\r\nx-why: go\r\n/);
  assert.equal(host.shared.metrics.define("counter", "wasmcustom.go.requests")!.value, 3n);
  assert.notEqual(host.shared.data.get("", "k"), "missing");
  const log = host.logger.take();
  assert.equal(log[0], 'info wasm log: configured "hello" <nil>');
  assert.equal(log.filter((line) => line === "info wasm log plugin: done").length, 3);
});
