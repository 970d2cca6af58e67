import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { HttpFilterInstances } from "../../host/src/contracts/http/filter.ts";
import { startWatchdog, type Watchdog } from "../../host/src/guest/limits/watchdog.ts";
import type { PluginHandle } from "../../host/src/guest/wasm/runtime.ts";
import { AnsweringFilters } from "../support/answering-filter.ts";
import { assemblyScript } from "../support/assemblyscript.ts";
import { HcmServer, TestClient } from "../support/hcm-server.ts";
import { WasmHost, wasmInstances } from "../support/wasm.ts";

let probe: Uint8Array;
let watchdog: Watchdog;
before(async () => {
  probe = await assemblyScript("test/fixtures/wasm/assembly/probe.ts");
  watchdog = startWatchdog((error) => assert.fail(error));
});
after(() => watchdog.stop());

/** A server whose only filter before the answering one is the plugin; `use` puts another version in. */
class Proxy {
  readonly host = new WasmHost();
  current!: PluginHandle;
  server!: HcmServer;

  static async start(): Promise<Proxy> {
    const proxy = new Proxy();
    watchdog.watch(proxy.host.epoch);
    proxy.current = await proxy.host.load(probe);
    const instances: HttpFilterInstances = {
      createFilters: (callbacks) => wasmInstances(proxy.current).createFilters(callbacks),
    };
    proxy.server = await HcmServer.start({
      filters: [
        { name: "wasm", instances },
        { name: "answer", instances: new AnsweringFilters() },
      ],
    });
    return proxy;
  }

  get log(): string[] {
    return this.host.logger.take().map((line) => line.replace("info wasm log plugin: ", ""));
  }
}

const request = (told: string, body = ""): string =>
  `${body === "" ? "GET" : "POST"} / HTTP/1.1\r\nhost: h\r\nx-do: ${told}\r\n` +
  `${body === "" ? "" : `content-length: ${body.length}\r\n`}\r\n${body}`;

test("headers and bodies of both directions pass through a Wasm filter", async () => {
  const proxy = await Proxy.start();
  await using server = proxy.server;
  await using client = await TestClient.connect(server.port);
  const told =
    "request-headers=add request-body=upper response-headers=unsized response-body=buffer";
  client.send(request(told, "payload"));
  const text = await client.until((received) => received.endsWith("0\r\n\r\n"));
  assert.match(text, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(text, /\r\ntransfer-encoding: chunked\r\n/);
  assert.match(text, /\[POST \/ HTTP\/1\.1/);
  assert.match(text, /\r\nx-probe: request-headers/);
  assert.match(text, /PAYLOAD\]/);
  const log = proxy.log;
  assert.deepEqual(log.slice(0, 3), ["request-headers", "request-body 7 end", "response-headers"]);
  assert.equal(log.at(-1), "log");
});

test("a local response keeps the connection", async () => {
  const proxy = await Proxy.start();
  await using server = proxy.server;
  await using client = await TestClient.connect(server.port);
  client.send(request("request-headers=reply-body") + request(""));
  const [refused, passed] = await client.responses(2);
  assert.match(refused!, /^HTTP\/1\.1 418 Unknown\r\n/);
  assert.match(refused!, /\r\ncontent-type: text\/plain\r\n/);
  assert.ok(refused!.endsWith("\r\n\r\nno request-headers"));
  assert.match(passed!, /^HTTP\/1\.1 200 OK\r\n/);
});

test("a trap is answered 503 with an empty body, and so is what follows", async () => {
  const proxy = await Proxy.start();
  await using server = proxy.server;
  await using client = await TestClient.connect(server.port);
  client.send(request("response-headers=trap") + request(""));
  for (const response of await client.responses(2)) {
    assert.match(response, /^HTTP\/1\.1 503 Service Unavailable\r\n/);
    assert.match(response, /\r\ncontent-length: 0\r\n/);
  }
  assert.equal((await server.untilLogged(1)).responseCodeDetails, "wasm_fail_stream");
  proxy.current = proxy.host.acquire(proxy.current.root.plugin);
  client.send(request(""));
  assert.match(await client.response(), /^HTTP\/1\.1 200 OK\r\n/);
});

test("a trap in a response body cuts the connection", async () => {
  const proxy = await Proxy.start();
  await using server = proxy.server;
  await using client = await TestClient.connect(server.port);
  client.send(request("response-body=trap"));
  await client.untilClosed();
  assert.ok(client.ended);
});

test("guests that never return cost their own streams only", async () => {
  const proxy = await Proxy.start();
  const neighbours = await Proxy.start();
  proxy.host.logger.lowest = "error";
  await using server = proxy.server;
  await using other = neighbours.server;
  const clients = await Promise.all(
    Array.from({ length: 50 }, () => TestClient.connect(other.port)),
  );
  await using runaway = await TestClient.connect(server.port);
  const kills = 30;
  const body = "x".repeat(2000);
  for (let i = 0; i < kills; i += 1) {
    for (const client of clients) client.send(request("request-body=upper", body));
    runaway.send(request("request-headers=spin"));
    assert.match(await runaway.response(), /^HTTP\/1\.1 503 /);
    proxy.current = proxy.host.acquire(proxy.current.root.plugin);
  }
  for (const client of clients) {
    for (const response of await client.responses(kills)) {
      assert.ok(response.endsWith("X".repeat(2000)));
    }
    await client[Symbol.asyncDispose]();
  }
  assert.equal(proxy.host.stats.cpuLimitExceeded.value, kills);
  assert.equal(neighbours.host.stats.vmFailed.value, 0);
});
