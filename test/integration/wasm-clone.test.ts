import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { PluginInstances } from "../../host/src/extensions/http-filters/wasm/plugin-instances.ts";
import { AnsweringFilters } from "../support/answering-filter.ts";
import { assemblyScript } from "../support/assemblyscript.ts";
import { HcmServer, TestClient } from "../support/hcm-server.ts";
import { pluginSettings, WasmHost } from "../support/wasm.ts";

// A VM that was cloned does for the same traffic what one does that was started: modules of each SDK.

const fixtures = path.resolve(import.meta.dirname, "../fixtures/wasm");
const goModule = path.join(fixtures, "go/probe.wasm");

interface Scene {
  readonly module: Uint8Array;
  readonly configuration: string;
  /** Values of the header `x-do`, or bodies where they begin with a blank. */
  readonly requests: readonly string[];
}

/** All that shows: what clients got, what was logged since the start, and metrics. */
async function play(scene: Scene, cloneVms: boolean): Promise<readonly unknown[]> {
  const host = new WasmHost(undefined, undefined, { wasm: { cloneVms } });
  const settings = pluginSettings({ configuration: scene.configuration, failurePolicy: "reload" });
  const instances = new PluginInstances(await host.start(scene.module, settings));
  assert.equal(host.stats.cloned.value, cloneVms ? 1 : 0);
  host.logger.take();
  await using server = await HcmServer.start({
    filters: [
      { name: "wasm", instances },
      { name: "answer", instances: new AnsweringFilters() },
    ],
  });
  const seen: unknown[] = [];
  for (const told of scene.requests) {
    await using client = await TestClient.connect(server.port);
    const body = told.startsWith(" ") ? told : "";
    client.send(
      `POST / HTTP/1.1\r\nhost: h\r\nx-do: ${told}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    seen.push(withoutChance(await client.response()));
    // Ticks, and the time after which a failed VM may be followed by another; which says so only when it is started.
    host.dispatcher.advance(3000);
    seen.push(...host.logger.take().filter((line) => !line.includes("configured")));
  }
  assert.equal(host.stats.cloned.value > 0, cloneVms);
  const ids = [host.stats.created.value, host.stats.vmFailed.value];
  return [...seen, ...ids];
}

/** A response without what differs between any two of them. */
function withoutChance(response: string): string {
  return response.replace(/date: .*\r\n/, "").replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, "<id>");
}

async function playedTwice(scene: Scene): Promise<void> {
  const cloned = await play(scene, true);
  assert.deepEqual(cloned, await play(scene, false));
  assert.ok(cloned.length > scene.requests.length + 2, "something was logged");
}

test("a module of the AssemblyScript SDK does the same cloned and started", async () => {
  await playedTwice({
    module: await assemblyScript("test/fixtures/wasm/assembly/probe.ts"),
    configuration: "configured",
    requests: [
      "",
      "request-headers=reply",
      " a body",
      "request-headers=trap",
      "response-headers=reply",
      "response-headers=trap",
      " another body",
    ],
  });
});

test("a module of the Rust SDK does the same cloned and started", async () => {
  await playedTwice({
    module: readFileSync(path.join(fixtures, "rust/probe.wasm")),
    configuration: "no queue",
    requests: ["headers", " body", "refuse", "properties", "foreign", "panic", "headers", "shared"],
  });
});

const skip = existsSync(goModule) ? false : "not built: test/fixtures/wasm/go/build.sh";

test("a module of the Go SDK does the same cloned and started", { skip }, async () => {
  await playedTwice({
    module: readFileSync(goModule),
    configuration: "hello",
    requests: ["pass", " body", "refuse", "pass", "panic", "pass"],
  });
});
