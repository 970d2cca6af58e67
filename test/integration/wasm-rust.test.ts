import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { test } from "node:test";
import { PluginInstances } from "../../host/src/extensions/http-filters/wasm/plugin-instances.ts";
import { AnsweringFilters } from "../support/answering-filter.ts";
import { HcmServer, TestClient } from "../support/hcm-server.ts";
import { pluginSettings, WasmHost } from "../support/wasm.ts";

// A filter built with the Rust SDK (test/fixtures/wasm/rust) in front of a filter that answers with what it saw.

const module = readFileSync(path.resolve(import.meta.dirname, "../fixtures/wasm/rust/probe.wasm"));

class Proxy {
  readonly host = new WasmHost();
  server!: HcmServer;

  static async start(configuration = "hello"): Promise<Proxy> {
    const proxy = new Proxy();
    const { host } = proxy;
    const settings = pluginSettings({ configuration, failurePolicy: "reload" });
    const instances = new PluginInstances(await host.start(module, settings));
    proxy.server = await HcmServer.start({
      filters: [
        { name: "wasm", instances },
        { name: "answer", instances: new AnsweringFilters() },
      ],
    });
    return proxy;
  }

  get log(): string[] {
    return this.host.logger.take().map((line) => line.replace(/ wasm log( plugin)?:/, ""));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.server[Symbol.asyncDispose]();
  }
}

/** One request on a connection of its own: what came back. */
async function ask(proxy: Proxy, told: string, body = "", more = ""): Promise<string> {
  await using client = await TestClient.connect(proxy.server.port);
  const length = body === "" ? "" : `content-length: ${body.length}\r\n`;
  const method = body === "" ? "GET" : "POST";
  client.send(`${method} / HTTP/1.1\r\nhost: h\r\nx-do: ${told}\r\n${more}${length}\r\n${body}`);
  return await client.response();
}

test("a Rust filter reads, adds, replaces and removes headers", async () => {
  await using proxy = await Proxy.start();
  const text = await ask(proxy, "headers", "", "x-replaced: old\r\nx-removed: here\r\n");
  assert.match(text, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(text, /\r\nx-rust: seen\r\n/);
  assert.match(text, /\r\nx-replaced: new/);
  assert.doesNotMatch(text, /x-removed/);
  assert.match(text, /\r\nx-added: hello/);
  assert.match(text, /\r\nx-pseudo: :authority,:path,:method,:scheme|\r\nx-pseudo: :/);
  assert.deepEqual(proxy.log, ['info configured as "hello"', "info log headers 200"]);
});

test("a Rust filter buffers a body and puts another in its place", async () => {
  await using proxy = await Proxy.start();
  const text = await ask(proxy, "body", "some text");
  assert.match(text, /\[SOME TEXT\]/);
});

test("a Rust filter answers by itself", async () => {
  await using proxy = await Proxy.start();
  const text = await ask(proxy, "refuse");
  assert.match(text, /^HTTP\/1\.1 403 Forbidden\r\n/);
  assert.match(text, /\r\nx-why: rust\r\n/);
  assert.ok(text.endsWith("\r\n\r\nrefused"));
});

test("a Rust filter reads properties and sets its own", async () => {
  await using proxy = await Proxy.start();
  const text = await ask(proxy, "properties");
  assert.match(text, /\r\nx-properties: GET plugin made made nothing/);
});

test("a Rust filter counts in shared data, and its root hears of the queue", async () => {
  await using proxy = await Proxy.start();
  assert.match(await ask(proxy, "shared"), /\r\nx-count: 1/);
  assert.match(await ask(proxy, "shared"), /\r\nx-count: 2/);
  await nextTurn();
  await nextTurn();
  const jobs = proxy.log.filter((line) => line.includes("job"));
  assert.deepEqual(jobs, ["info job 1", "info job 2"]);
  assert.equal(proxy.host.shared.metrics.define("counter", "wasmcustom.rust.requests")!.value, 2n);
});

test("a Rust filter calls foreign functions, and is told which there are not", async () => {
  await using proxy = await Proxy.start();
  assert.match(await ask(proxy, "foreign"), /\r\nx-foreign: true 2000 NotFound/);
});

test("a Rust root context ticks until it stops itself", async () => {
  await using proxy = await Proxy.start();
  proxy.host.dispatcher.advance(500);
  assert.deepEqual(proxy.log, ['info configured as "hello"', "info ticked"]);
});

test("a Rust panic is one 503, and reloaded when its time has come", async () => {
  await using proxy = await Proxy.start();
  assert.match(await ask(proxy, "panic"), /^HTTP\/1\.1 503 Service Unavailable\r\n/);
  const log = proxy.log;
  assert.ok(
    log.some((line) => line.startsWith("critical panicked at") && line.includes("told to")),
  );
  assert.ok(log.some((line) => line.includes("Function: proxy_on_request_headers failed:")));
  assert.doesNotMatch(log.join("\n"), /\/root\/|\/home\//, "no path of the machine that built it");
  proxy.host.dispatcher.advance(3000);
  assert.match(await ask(proxy, "headers"), /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(await ask(proxy, "response-panic"), /^HTTP\/1\.1 503 Service Unavailable\r\n/);
});

test("a Rust plugin that refuses its configuration is refused", async () => {
  const host = new WasmHost();
  assert.equal(
    await host.prepare(module, pluginSettings({ configuration: "refuse" })),
    "Unable to create Wasm plugin plugin: proxy_on_configure returned false",
  );
});
