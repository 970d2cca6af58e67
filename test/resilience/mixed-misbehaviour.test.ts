import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import type net from "node:net";
import path from "node:path";
import { test } from "node:test";
import { assemblyScript } from "../support/assemblyscript.ts";
import { TestClient } from "../support/hcm-server.ts";
import { askOnce } from "../support/http-exchange.ts";
import { freePort } from "../support/ports.ts";
import {
  bootstrap,
  httpFilter,
  httpListener,
  luaConfig,
  staticCluster,
  wasmConfig,
} from "../support/proxy-config.ts";
import { TestUpstream } from "../support/router-server.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";

// Clients, upstreams and guests that break off in every way, all at once. Whatever happened, nothing is left behind.

const random = new SeededRandom();
const chunked = "transfer-encoding: chunked\r\n";
const ok = (fields: string): string => `HTTP/1.1 200 OK\r\n${fields}\r\n`;

type Act = (socket: net.Socket) => void;
const say =
  (text: string): Act =>
  (socket) =>
    void socket.write(text, "latin1");

/** What an upstream does to the bytes of a request. */
const upstreamActs: readonly Act[] = [
  say(`${ok("content-length: 5\r\n")}whole`),
  say(`${ok("content-length: 5\r\n")}whole`),
  say(`${ok(chunked)}5\r\nwhole\r\n0\r\n\r\n`),
  say(`${ok(`${chunked}trailer: x\r\n`)}5\r\nwhole\r\n0\r\nx: y\r\n\r\n`),
  say(`HTTP/1.1 103 Early Hints\r\n\r\n${ok("content-length: 0\r\n")}`),
  say(`${ok("content-length: 0\r\nconnection: close\r\n")}`),
  say("HTTP/1.1 204 No Content\r\n\r\n"),
  (socket) => void socket.end(`${ok("content-length: 9\r\n")}half`, "latin1"),
  (socket) => void socket.end(`${ok("")}until the end`, "latin1"),
  (socket) => void socket.end(),
  (socket) => void socket.resetAndDestroy(),
  (socket) => void socket.write(ok("content-length: 9\r\n"), () => socket.resetAndDestroy()),
  say("garbage\r\n\r\n"),
  () => undefined,
];

const commands = [
  "",
  "request-headers=add response-headers=add",
  "request-headers=unsized request-body=upper",
  "response-headers=unsized response-body=around",
  "response-headers=unsized response-body=buffer",
  "request-headers=reply",
  "request-body=reply-body",
  "response-headers=reply-body",
  "request-headers=stop",
  "request-headers=resume",
  "response-body=drop",
];
const scripts = ["", "body", "respond", "error"];
const script = `
function envoy_on_request(handle)
  local act = handle:headers():get("x-lua")
  if act == "body" then handle:body() end
  if act == "respond" then handle:respond({ [":status"] = "200" }, "lua") end
  if act == "error" then error("as told") end
end
function envoy_on_response(handle)
  handle:headers():add("x-lua", "seen")
end`;

function request(): string {
  const fields = `host: h\r\nx-do: ${random.pick(commands)}\r\nx-lua: ${random.pick(scripts)}\r\n`;
  switch (random.below(6)) {
    case 0:
      return `POST / HTTP/1.1\r\n${fields}content-length: 9\r\n\r\nsome body`;
    case 1:
      return `POST / HTTP/1.1\r\n${fields}${chunked}\r\n4\r\nsome\r\n5\r\n body\r\n0\r\n\r\n`;
    case 2:
      return `POST / HTTP/1.1\r\n${fields}expect: 100-continue\r\ncontent-length: 4\r\n\r\nbody`;
    case 3:
      return `HEAD / HTTP/1.1\r\n${fields}\r\n`;
    default:
      return `GET / HTTP/1.1\r\n${fields}\r\n`;
  }
}

/** How a client leaves. */
const leavings: readonly ((client: TestClient) => Promise<void>)[] = [
  async (client) => void (await client.until((text) => text.includes("\r\n\r\n"))),
  async (client) => void (await client.until((text) => text.includes("\r\n\r\n"))),
  async (client) => void client.socket.resetAndDestroy(),
  async (client) => void client.socket.end(),
  () => new Promise((resolve) => setTimeout(resolve, random.below(5))),
];

async function visit(port: number): Promise<void> {
  await using client = await TestClient.connect(port);
  const text = Array.from({ length: 1 + random.below(3) }, request).join("");
  const whole = random.below(3) > 0;
  client.send(whole ? text : text.slice(0, random.below(text.length)));
  await (whole ? random.pick(leavings) : leavings[2 + random.below(2)]!)(client);
}

test("clients, upstreams and guests that misbehave together leave nothing behind", async (t) => {
  const folder = scratchFolder(t);
  const module = path.join(folder, "probe.wasm");
  writeFileSync(module, await assemblyScript("test/fixtures/wasm/assembly/probe.ts"));
  await using upstream = await TestUpstream.start((socket) => {
    socket.on("data", () => random.pick(upstreamActs)(socket));
  });
  const [port, admin] = [await freePort(), await freePort()];
  const sluice = await startSluice(t, {
    folder,
    args: ["--concurrency", "2", "-l", "critical", "--component-log-level", "main:info"],
    config: bootstrap(
      [
        httpListener({
          port,
          filters: [
            httpFilter("probe", wasmConfig(module)),
            httpFilter("script", luaConfig(script)),
          ],
          routes: [
            { match: { path: "/ok" }, direct_response: { status: 200 } },
            { match: { prefix: "/" }, route: { cluster: "upstream", timeout: "0.2s" } },
          ],
          hcm: { stream_idle_timeout: "0.5s" },
        }),
      ],
      [staticCluster("upstream", [upstream.port])],
      { admin: { address: { socket_address: { address: "127.0.0.1", port_value: admin } } } },
    ),
  });
  const gauges = async (): Promise<string[]> => {
    const text = await (await fetch(`http://127.0.0.1:${admin}/stats`)).text();
    const active = /^(http\.main|cluster\.upstream|listener)\..*_(active|buffered|open): [1-9]/;
    return text.split("\n").filter((line) => active.test(line));
  };
  const descriptors = (): number => readdirSync(`/proc/${sluice.dataPlanePid}/fd`).length;
  await askOnce(port, { path: "/ok" });
  const before = descriptors();

  for (let round = 0; round < 30; round += 1) {
    await Promise.all(Array.from({ length: 20 }, () => visit(port)));
    assert.equal((await askOnce(port, { path: "/ok" })).status, 200);
  }
  // Idle connections to the upstream may stay, and one may still be on its way; the upstream ends them.
  let left: string[] = [];
  for (let i = 0; i < 200; i += 1) {
    for (const socket of upstream.sockets) socket.destroy();
    left = await gauges();
    if (left.length === 0) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.deepEqual(left, []);
  assert.ok(descriptors() <= before + 4, `${before} descriptors before, ${descriptors()} after`);
  assert.doesNotMatch(sluice.stderr, /replaced|starting it again/);
  assert.deepEqual(await sluice.stop(), { code: 0, signal: null });
});
