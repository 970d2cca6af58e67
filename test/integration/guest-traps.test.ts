import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assemblyScript } from "../support/assemblyscript.ts";
import { TestClient } from "../support/hcm-server.ts";
import { ask, askOnce } from "../support/http-exchange.ts";
import { freePort } from "../support/ports.ts";
import {
  bootstrap,
  httpFilter,
  httpListener,
  logLines,
  luaConfig,
  staticCluster,
  wasmConfig,
} from "../support/proxy-config.ts";
import { PushedFilter } from "../support/pushed-filter.ts";
import { answering, ok, TestUpstream } from "../support/router-server.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";
import { failureSocket } from "../support/threads/failing-runtime.ts";

// A module that traps answers 503 until its next version, a script passes its stream on and is at work again with the
// next; everything else on the same worker goes on. One worker, so that all of it is on the same.

const folder = scratchFolder({ after });
const probeModule = path.join(folder, "probe.wasm");
writeFileSync(probeModule, await assemblyScript("test/fixtures/wasm/assembly/probe.ts"));

const upstream = await TestUpstream.start(answering((_head, body) => ok(`upstream ${body}`)));
after(() => upstream[Symbol.asyncDispose]());

/** Does in each hook what `x-lua` says; `version` is seen in the response. */
const script = (version: string): string => `
function envoy_on_request(handle)
  act = handle:headers():get("x-lua")
  if act == "loop" then while true do end end
  if act == "pcall-loop" then while true do pcall(function() while true do end end) end end
  if act == "recurse" then local function f() return 1 + f() end f() end
end
function envoy_on_response(handle)
  if act == "response-loop" then while true do end end
  handle:headers():add("x-version", "${version}")
end
`;

const wasm = new PushedFilter(folder, "wasm", ["wasm"], wasmConfig(probeModule, { name: "probe" }));
const lua = new PushedFilter(folder, "lua", ["lua"], luaConfig(script("1")));
const [wasmPort, luaPort, otherPort] = [await freePort(), await freePort(), await freePort()];
const accessLog = path.join(folder, "access.log");
const common = {
  accessLog,
  logFormat: "%REQ(:PATH)% %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%",
};
// Plugins of one module share a VM, and its end, unless the VMs have different ids.
const otherProbe = wasmConfig(probeModule, { name: "other probe", vm: { vm_id: "other" } });
const otherScript = luaConfig(script("other"));

const sluice = await startSluice(
  { after },
  {
    folder,
    args: ["--concurrency", "1", "-l", "info"],
    config: bootstrap(
      [
        httpListener({ ...common, name: "wasm", port: wasmPort, filters: [wasm.entry()] }),
        httpListener({ ...common, name: "lua", port: luaPort, filters: [lua.entry()] }),
        httpListener({
          ...common,
          name: "other",
          port: otherPort,
          filters: [httpFilter("probe", otherProbe), httpFilter("script", otherScript)],
        }),
      ],
      [staticCluster("upstream", [upstream.port])],
    ),
  },
);

let version = 1;

/** The next version of a filter, whatever has become of the one before. */
async function mend(filter: PushedFilter): Promise<void> {
  version += 1;
  const configuration = String(version);
  const next =
    filter === wasm
      ? wasmConfig(probeModule, { name: "probe", configuration })
      : luaConfig(script(configuration));
  await filter.push(sluice, configuration, next);
}

const wasmTraps: readonly [name: string, phase: string, action: string][] = [
  ["an unreachable instruction", "request-headers", "trap"],
  ["a failed assertion", "request-headers", "abort"],
  ["an endless loop", "request-headers", "spin"],
  ["an endless loop in a body", "request-body", "spin"],
];

for (const [name, phase, action] of wasmTraps) {
  test(`after ${name} a Wasm filter answers 503 until its next version`, async () => {
    await mend(wasm);
    await using neighbour = await TestClient.connect(otherPort);
    assert.equal((await ask(neighbour)).body, "upstream ");
    await using client = await TestClient.connect(wasmPort);
    assert.equal((await ask(client)).body, "upstream ");
    const headers = { "x-do": `${phase}=${action}` };
    const path = `/${phase}-${action}`;
    const trapped = await askOnce(wasmPort, { method: "POST", path, headers, body: "text" });
    assert.deepEqual([trapped.status, trapped.body], [503, ""]);
    const later = await ask(client, { path: `/later${path}` });
    assert.deepEqual([later.status, later.body], [503, ""]);
    const other = await ask(neighbour, {
      method: "POST",
      headers: { "x-do": "request-body=upper" },
      body: "text",
    });
    assert.deepEqual([other.status, other.body], [200, "upstream TEXT"]);
    assert.equal((await askOnce(luaPort)).status, 200);
    await mend(wasm);
    const mended = await ask(client, { method: "POST", body: "text" });
    assert.deepEqual([mended.status, mended.body], [200, "upstream text"]);
  });
}

test("after a trap in a response a Wasm filter answers 503 until its next version", async () => {
  await mend(wasm);
  await using client = await TestClient.connect(wasmPort);
  const first = await ask(client, { headers: { "x-do": "response-headers=trap" } });
  assert.deepEqual([first.status, first.body], [503, ""]);
  assert.equal((await ask(client)).status, 503);
  await mend(wasm);
  assert.equal((await ask(client)).status, 200);
});

const luaTraps = ["loop", "pcall-loop", "response-loop"];

for (const act of luaTraps) {
  test(`after the endless loop ${act} a Lua filter passes the stream on and works for the next`, async () => {
    await mend(lua);
    await using neighbour = await TestClient.connect(otherPort);
    assert.equal((await ask(neighbour)).status, 200);
    await using client = await TestClient.connect(luaPort);
    const first = await ask(client, { path: `/${act}`, headers: { "x-lua": act } });
    assert.deepEqual([first.status, first.body], [200, "upstream "]);
    // A loop in the response hook loses that hook's own change; one in the request hook leaves the response's.
    const seen = act === "response-loop" ? undefined : String(version);
    assert.equal(first.headers.get("x-version"), seen);
    const later = await ask(client, { path: `/later/${act}` });
    assert.deepEqual([later.status, later.headers.get("x-version")], [200, String(version)]);
    const other = await ask(neighbour);
    assert.deepEqual([other.status, other.headers.get("x-version")], [200, "other"]);
    assert.equal((await askOnce(wasmPort)).status, 200);
  });
}

test("a worker that is replaced begins with guests that work", async (t) => {
  const own = scratchFolder(t);
  const port = await freePort();
  const program = fileURLToPath(new URL("../support/threads/failing-sluice.ts", import.meta.url));
  const proxy = await startSluice(t, {
    folder: own,
    program: [process.execPath, "-C", "sluice-source", program],
    args: ["--concurrency", "1"],
    env: { SLUICE_TEST_FOLDER: own },
    mayLoseWorkers: true,
    config: bootstrap(
      [
        httpListener({
          port,
          filters: [
            httpFilter("probe", wasmConfig(probeModule)),
            httpFilter("script", luaConfig(script("static"))),
          ],
        }),
      ],
      [staticCluster("upstream", [upstream.port])],
    ),
  });
  assert.equal((await askOnce(port)).status, 200);
  assert.equal((await askOnce(port, { headers: { "x-do": "request-headers=trap" } })).status, 503);
  assert.equal((await askOnce(port)).status, 503);
  net
    .connect(failureSocket(own, 0))
    .on("error", () => undefined)
    .end("exit");
  await proxy.untilLogged(/worker_0 replaced after \d+ ms/);
  const mended = await askOnce(port);
  assert.deepEqual([mended.status, mended.headers.get("x-version")], [200, "static"]);
});

test("each trap is said once, with plugin, callback and limit", () => {
  const limit = "unreachable (over its CPU limit of 10 ms: cpu_time_per_callback of sluice.guests)";
  const said = [
    ...sluice.stderr.matchAll(/\[error\]\[wasm\] Function: (.*) failed: Uncaught \w+: (.*)\n/g),
  ];
  assert.deepEqual(
    said.map(([, callback, reason]) => `${callback} ${reason}`),
    [
      "proxy_on_request_headers unreachable",
      "proxy_on_request_headers unreachable",
      `proxy_on_request_headers ${limit}`,
      `proxy_on_request_body ${limit}`,
      "proxy_on_response_headers unreachable",
    ],
  );
  const scripts = [
    ...sluice.stderr.matchAll(/\[error\]\[lua\] script log: lua filter "lua", (.*)\n/g),
  ];
  const text = "the script used more than its 10 ms of CPU time; its state is replaced";
  assert.deepEqual(
    scripts.map(([, each]) => each),
    [`envoy_on_request: ${text}`, `envoy_on_request: ${text}`, `envoy_on_response: ${text}`],
  );
});

test("the access log tells which answers are due to a trap", async () => {
  const modules = wasmTraps.map(([, phase, action]) => `/${phase}-${action}`);
  const scripts = luaTraps.map((act) => `/${act}`);
  const lines = (paths: readonly string[], end: string): string[] =>
    paths.flatMap((each) => [`${each} ${end}`, `/later${each} ${end}`]);
  await untilIncluded([
    ...lines(modules, "503 - wasm_fail_stream"),
    ...lines(scripts, "200 - via_upstream"),
  ]);
});

async function untilIncluded(wanted: readonly string[]): Promise<void> {
  for (let count = 1; ;) {
    const lines = await logLines(accessLog, count);
    if (wanted.every((line) => lines.includes(line))) return;
    count = lines.length + 1;
  }
}
