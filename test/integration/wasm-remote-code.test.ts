import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, writeFileSync } from "node:fs";
import http from "node:http";
import { once } from "node:events";
import net from "node:net";
import path from "node:path";
import { after, test, type TestContext } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { statsBelow } from "../support/admin-stats.ts";
import { askOnce } from "../support/http-exchange.ts";
import { freePort } from "../support/ports.ts";
import {
  bootstrap,
  discoveredFilter,
  extensionResponse,
  httpFilter,
  httpListener,
  luaConfig,
  moveInto,
  staticCluster,
  wasmConfig,
} from "../support/proxy-config.ts";
import { scratchFolder, SluiceProcess, startSluice } from "../support/sluice-process.ts";
import { guest } from "../support/wasm-guest.ts";

// Code that comes from a server, through a cluster.

const code = await guest(`
  (data (i32.const 0) "x-guest")
  (data (i32.const 8) "yes")
  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
    (drop (call $proxy_add_header_map_value (i32.const 2) (i32.const 0) (i32.const 7) (i32.const 8) (i32.const 3)))
    (i32.const 0))`);
const sha256Of = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Answers of the server by path, one after the other; the last is repeated. */
const answers = new Map<string, (readonly [status: number, body: Uint8Array])[]>();
const asked: string[] = [];
const server = http.createServer((request, response) => {
  const url = request.url ?? "";
  asked.push(`${request.method} ${request.headers.host} ${url}`);
  const list = answers.get(url) ?? [[404, Buffer.from("no")]];
  const [status, body] = list.length > 1 ? list.shift()! : list[0]!;
  response.writeHead(status).end(body);
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
after(() => server.close());
const { port: serverPort } = server.address() as net.AddressInfo;
let paths = 0;

interface Case {
  readonly answers: (readonly [status: number, body: Uint8Array])[];
  readonly sha256?: string;
  readonly plugin?: JsonObject;
  readonly vm?: JsonObject;
  readonly cache?: string;
}

interface Prepared {
  readonly url: string;
  readonly port: number;
  readonly adminPort: number;
  readonly options: ConstructorParameters<typeof SluiceProcess>[1];
}

async function prepare(t: TestContext, given: Case): Promise<Prepared> {
  paths += 1;
  const url = `/filter-${paths}.wasm`;
  answers.set(url, given.answers);
  const [port, adminPort] = [await freePort(), await freePort()];
  const remote = {
    http_uri: { uri: `https://code.example${url}`, cluster: "code", timeout: "5s" },
    sha256: given.sha256 ?? sha256Of(code),
    retry_policy: { retry_back_off: { base_interval: "0.01s" }, num_retries: 2 },
  };
  const wasm = wasmConfig("", {
    vm: { code: { remote }, ...given.vm },
    ...(given.plugin !== undefined && { plugin: given.plugin }),
  });
  const direct: JsonObject = {
    match: { prefix: "/" },
    direct_response: { status: 200, body: { inline_string: "ok" } },
  };
  const listener = httpListener({ port, filters: [httpFilter("wasm", wasm)], routes: [direct] });
  const config = bootstrap([listener], [staticCluster("code", [serverPort])], {
    admin: { address: { socket_address: { address: "127.0.0.1", port_value: adminPort } } },
  });
  const env = { XDG_CACHE_HOME: given.cache ?? scratchFolder(t) };
  return { url, port, adminPort, options: { config, env, args: ["--concurrency", "1"] } };
}

const adminStat = async (adminPort: number, name: string): Promise<number | undefined> =>
  (await statsBelow(adminPort, name)).get("");

const times = (url: string): number => asked.filter((line) => line.endsWith(url)).length;

test("remote code is fetched, checked and used; a failed try is repeated", async (t) => {
  const { url, port, adminPort, options } = await prepare(t, {
    answers: [
      [503, Buffer.from("later")],
      [200, code],
    ],
  });
  await startSluice(t, options);
  const { status, headers } = await askOnce(port);
  assert.deepEqual([status, headers.get("x-guest")], [200, "yes"]);
  assert.equal(asked.at(-1), `GET code.example ${url}`);
  assert.equal(times(url), 2);
  assert.equal(await adminStat(adminPort, "wasm.remote_load_cache_misses"), 1);
  assert.equal(await adminStat(adminPort, "wasm.remote_load_fetch_successes"), 1);
  assert.equal(await adminStat(adminPort, "wasm.remote_load_cache_entries"), 1);
});

test("remote code that cannot be had: the policy decides, the log says why", async (t) => {
  const wrong = await prepare(t, { answers: [[200, code]], sha256: "0".repeat(64) });
  const closed = await startSluice(t, wrong.options);
  assert.equal((await askOnce(wrong.port)).status, 503);
  assert.match(
    closed.stderr,
    /Unable to create Wasm plugin plugin: fetching https:\/\/code\.example\/\S+ through cluster code: the content has sha256 [0-9a-f]{64}, and 0{64} is configured; until it is configured anew, streams are refused/,
  );
  assert.equal(times(wrong.url), 3);
  assert.equal(await adminStat(wrong.adminPort, "wasm.remote_load_fetch_failures"), 1);
  const missing = await prepare(t, {
    answers: [[404, Buffer.from("no")]],
    plugin: { failure_policy: "FAIL_OPEN" },
  });
  const open = await startSluice(t, missing.options);
  const { status, headers } = await askOnce(missing.port);
  assert.deepEqual([status, headers.get("x-guest")], [200, undefined]);
  assert.match(open.stderr, /the answer has status 404, not 200; .*streams go without it/);
});

test("remote code that is no module, or does not start: the policy decides", async (t) => {
  const text = Buffer.from("not a module");
  const { port, options } = await prepare(t, { answers: [[200, text]], sha256: sha256Of(text) });
  await startSluice(t, options);
  assert.equal((await askOnce(port)).status, 503);
});

test("remote code is kept on disk: a start needs no server, and a damaged file is not used", async (t) => {
  const cache = scratchFolder(t);
  const first = await prepare(t, { answers: [[200, code]], cache });
  const one = await startSluice(t, first.options);
  await one.stop();
  const folder = path.join(cache, "sluice", "wasm");
  assert.deepEqual(readdirSync(folder), [`${sha256Of(code)}.wasm`]);
  const again = await prepare(t, { answers: [[500, Buffer.from("down")]], cache });
  const two = await startSluice(t, again.options);
  assert.equal((await askOnce(again.port)).headers.get("x-guest"), "yes");
  assert.equal(times(again.url), 0);
  assert.equal(await adminStat(again.adminPort, "wasm.remote_load_cache_hits"), 1);
  await two.stop();
  writeFileSync(path.join(folder, `${sha256Of(code)}.wasm`), "damaged");
  const third = await prepare(t, { answers: [[200, code]], cache });
  await startSluice(t, third.options);
  assert.equal((await askOnce(third.port)).headers.get("x-guest"), "yes");
  assert.equal(times(third.url), 1);
});

test("nack_on_code_cache_miss refuses a start while the code is not there", async (t) => {
  const { url, options } = await prepare(t, {
    answers: [[200, code]],
    vm: { nack_on_code_cache_miss: true },
  });
  const refused = new SluiceProcess(t, options);
  assert.notEqual((await refused.ended()).code, 0);
  assert.match(
    refused.stderr,
    new RegExp(`Failed to load Wasm code \\(fetching\\) from https://code.example${url}`),
  );
});

test("nack_on_code_cache_miss refuses a push, and has fetched the code for the next", async (t) => {
  const { url, port, adminPort, options } = await prepare(t, {
    answers: [[200, code]],
    vm: { nack_on_code_cache_miss: true },
  });
  const config = options.config as JsonObject;
  const wasm = filterOf(config)["typed_config"] as JsonObject;
  const file = path.join(scratchFolder(t), "filter.json");
  moveInto(file, { resources: [] });
  setFilter(
    config,
    discoveredFilter("wasm", file, ["wasm", "lua"], { default_config: luaConfig("") }),
  );
  const sluice = await startSluice(t, options);
  moveInto(file, extensionResponse("wasm", "1", wasm));
  await sluice.untilLogged("Failed to load Wasm code (fetching)");
  const fetched = "wasm.remote_load_fetch_successes";
  await until(async () => (await adminStat(adminPort, fetched)) === 1, "the code is fetched");
  assert.equal((await askOnce(port)).headers.get("x-guest"), undefined);
  moveInto(file, extensionResponse("wasm", "2", wasm));
  const runs = async (): Promise<boolean> => (await askOnce(port)).headers.get("x-guest") === "yes";
  await until(runs, "the filter runs");
  assert.equal(times(url), 1);
});

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await condition())) {
    assert.ok(performance.now() < deadline, `still waiting until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

interface Chain {
  static_resources: {
    listeners: {
      filter_chains: { filters: { typed_config: { http_filters: JsonObject[] } }[] }[];
    }[];
  };
}

function chainOf(config: JsonObject): JsonObject[] {
  const { listeners } = (config as unknown as Chain).static_resources;
  return listeners[0]!.filter_chains[0]!.filters[0]!.typed_config.http_filters;
}

const filterOf = (config: JsonObject): JsonObject => chainOf(config)[0]!;
function setFilter(config: JsonObject, filter: JsonObject): void {
  chainOf(config)[0] = filter;
}
