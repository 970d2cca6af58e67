import assert from "node:assert/strict";
import { test } from "node:test";
import type {
  GuestReport,
  LuaScriptReport,
  WasmPluginReport,
} from "../../../../host/src/guest/watch/guest-report.ts";
import type { AdminDeps } from "../../../../host/src/server/admin/admin-deps.ts";
import { parseParams } from "../../../../host/src/server/admin/admin-request.ts";
import type { WorkerGuests } from "../../../../host/src/server/admin/guests.ts";
import { luaPage } from "../../../../host/src/server/admin/lua.ts";
import { wasmPage } from "../../../../host/src/server/admin/wasm.ts";

const plugin: WasmPluginReport = {
  key: "k",
  name: "auth",
  rootId: "root",
  vmId: "vm",
  runtime: "envoy.wasm.runtime.v8",
  sha256: "ab",
  abiVersion: "0.2.1",
  failurePolicy: "open",
  notCloned: "",
  vm: 1,
  vmStartedMs: 0,
  failure: "",
  overCpuShare: false,
  memoryBytes: 1_572_864,
  memoryHighWaterBytes: 2_097_152,
  contexts: 3,
  tickPeriodMs: 0,
};
const script: LuaScriptReport = {
  filter: "script",
  script: "default",
  dialect: "luajit",
  profile: "sandboxed",
  sourceBytes: 10,
  states: 2,
  dead: false,
  overCpuShare: false,
  memoryBytes: 1024,
  memoryHighWaterBytes: 2048,
  statesLost: 1,
  hasRequestHook: true,
  hasResponseHook: false,
};
const nothing: GuestReport = { plugins: [], failures: [], scripts: [], scriptErrors: [] };
const of = (worker: string, report: Partial<GuestReport>): WorkerGuests => ({
  worker,
  report: { ...nothing, ...report },
  problem: "",
});

async function text(
  page: typeof wasmPage,
  query: string,
  ...guests: WorkerGuests[]
): Promise<string> {
  const request = { method: "GET", path: "/", params: parseParams(query) };
  const deps = { guests: () => Promise.resolve(guests) } as unknown as AdminDeps;
  const { body } = await page(request, deps);
  assert.ok(typeof body === "string");
  return body;
}

const failure = {
  plugin: "auth",
  rootId: "root",
  vmId: "vm",
  failure: "it trapped",
  backtrace: ["0: 0x1 - f"],
  hostCalls: "proxy_log",
};

test("/wasm puts a plugin's workers together, and failures of all in the order of time", async () => {
  const page = await text(
    wasmPage,
    "",
    of("worker_0", { plugins: [plugin], failures: [{ ...failure, timeMs: 1000 }] }),
    of("worker_1", {
      plugins: [{ ...plugin, failure: "it trapped", tickPeriodMs: 20 }],
      failures: [{ ...failure, timeMs: 2000, backtrace: [] }],
    }),
    { worker: "worker_2", report: undefined, problem: "does not answer" },
  );
  assert.equal(
    page,
    `plugin "auth", root_id "root", vm_id "vm"
  envoy.wasm.runtime.v8, FAIL_OPEN, ABI 0.2.1, sha256 ab, VMs are cloned
  worker_0: VM 1, running, memory 1.5 MiB (high water 2.0 MiB), contexts 3, started 1970-01-01T00:00:00.000Z
  worker_1: VM 1, failed: new streams pass without it (it trapped), memory 1.5 MiB (high water 2.0 MiB), contexts 3, started 1970-01-01T00:00:00.000Z, ticks every 20 ms
failures, latest first:
  1970-01-01T00:00:02.000Z worker_1 plugin "auth", root_id "root", vm_id "vm"
    it trapped
    host calls of this callback: proxy_log
  1970-01-01T00:00:01.000Z worker_0 plugin "auth", root_id "root", vm_id "vm"
    it trapped
    0: 0x1 - f
    host calls of this callback: proxy_log
worker_2: does not answer
`,
  );
});

test("/wasm shows a plugin whose code is not there", async () => {
  const codeless = { ...plugin, vm: 0, failure: "its code is not there" };
  const closed = of("worker_0", { plugins: [{ ...codeless, failurePolicy: "reload" as const }] });
  assert.match(
    await text(wasmPage, "", closed),
    /FAIL_RELOAD, no code\n {2}worker_0: failed: new streams are answered 503 \(its code is not there\)\n$/,
  );
  const json = JSON.parse(await text(wasmPage, "format=json", closed)) as {
    plugins: [{ workers: [{ state: string }] }];
  };
  assert.equal(json.plugins[0].workers[0].state, "NO_CODE");
});

test("/wasm and /lua show who takes too much of a worker", async () => {
  const over = of("worker_0", {
    plugins: [{ ...plugin, overCpuShare: true }],
    scripts: [{ ...script, overCpuShare: true }],
  });
  assert.match(
    await text(wasmPage, "", over),
    /over its share of the worker: new streams pass without it, memory/,
  );
  assert.match(await text(wasmPage, "format=json", over), /"state": "OVER_CPU_SHARE"/);
  assert.match(
    await text(luaPage, "", over),
    /over its share of the worker: new streams pass, states 2/,
  );
  assert.match(await text(luaPage, "format=json", over), /"state": "OVER_CPU_SHARE"/);
});

test("/wasm and /lua say so when there is nothing", async () => {
  assert.equal(await text(wasmPage, "", of("worker_0", {})), "no Wasm plugins\n");
  assert.equal(await text(luaPage, "", of("worker_0", {})), "no Lua scripts\n");
  assert.deepEqual(JSON.parse(await text(wasmPage, "format=json", of("worker_0", {}))), {
    plugins: [],
    failures: [],
  });
});

test("/lua shows scripts that do not run any more, and errors with all their lines", async () => {
  const error = { timeMs: 0, filter: "script", script: "default", hook: "envoy_on_request" };
  const page = await text(
    luaPage,
    "",
    of("worker_0", { scripts: [script], scriptErrors: [{ ...error, text: "a\nb" }] }),
    of("worker_1", { scripts: [{ ...script, dead: true, states: 0 }] }),
  );
  assert.equal(
    page,
    `filter "script", script "default"
  luajit, sandboxed, 10 bytes, envoy_on_request
  worker_0: running, states 2, memory 1 KiB (high water of one 2 KiB), states lost 1
  worker_1: does not run any more, states 0, memory 1 KiB (high water of one 2 KiB), states lost 1
errors, latest first:
  1970-01-01T00:00:00.000Z worker_0 filter "script", script "default", envoy_on_request
    a
    b
`,
  );
});
