import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import type { CallTotals } from "../../host/src/guest/watch/guest-trace.ts";
import type { MessageChange } from "../../host/src/guest/watch/message-change.ts";
import { adminAt } from "../support/admin-stats.ts";
import { sluiceBin } from "../support/command.ts";
import { TestClient } from "../support/hcm-server.ts";
import { askOnce } from "../support/http-exchange.ts";
import { freePort } from "../support/ports.ts";
import {
  bootstrap,
  httpFilter,
  httpListener,
  logLines,
  luaConfig,
  staticCluster,
  typeUrl,
  wasmConfig,
} from "../support/proxy-config.ts";
import { answering, ok, TestUpstream } from "../support/router-server.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";
import { guest } from "../support/wasm-guest.ts";

// What guests cost and do, as the running command tells it.

const folder = scratchFolder({ after });
const module = path.join(folder, "auth.wasm");
// Reads x-copy, then authorization, which it hands around, and traps when x-trap is there.
writeFileSync(
  module,
  await guest(`
    (data (i32.const 0) "authorization") (data (i32.const 16) "x-trap") (data (i32.const 32) "x-copy")
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (if (i32.eqz (call $proxy_get_header_map_value
          (i32.const 0) (i32.const 16) (i32.const 6) (i32.const 64) (i32.const 68)))
        (then unreachable))
      (drop (call $proxy_get_header_map_value
        (i32.const 0) (i32.const 32) (i32.const 6) (i32.const 64) (i32.const 68)))
      (if (i32.eqz (call $proxy_get_header_map_value
          (i32.const 0) (i32.const 0) (i32.const 13) (i32.const 64) (i32.const 68)))
        (then (drop (call $proxy_add_header_map_value (i32.const 0) (i32.const 32) (i32.const 6)
          (i32.load (i32.const 64)) (i32.load (i32.const 68))))))
      (i32.const 0))
    (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32) (i32.const 0))
    (func (export "proxy_on_done") (param i32) (result i32) (i32.const 1))`),
);
const lineModule = path.join(folder, "lines.wasm");
writeFileSync(
  lineModule,
  await guest(`
    (func (export "proxy_on_new_connection") (param i32) (result i32) (i32.const 0))
    (func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32)
      (drop (call $proxy_get_buffer_bytes
        (i32.const 2) (i32.const 0) (i32.const 100) (i32.const 64) (i32.const 68)))
      (i32.const 0))`),
);
const script = `
function envoy_on_request(handle)
  local headers = handle:headers()
  headers:add("x-lua", headers:get("x-copy") or "none")
  if headers:get("x-fail") then fail() end
end
function fail() error("as asked") end
function envoy_on_response(handle)
  handle:headers():add("x-answered", "yes")
end
`;

const upstream = await TestUpstream.start(answering(() => ok("hello")));
after(() => upstream[Symbol.asyncDispose]());
const port = await freePort();
const quietPort = await freePort();
const echoPort = await freePort();
const adminPort = await freePort();
const accessLog = path.join(folder, "access.log");
const sluice = await startSluice(
  { after },
  {
    folder,
    args: ["--concurrency", "1"],
    config: bootstrap(
      [
        httpListener({
          port,
          filters: [
            httpFilter(
              "wasm",
              wasmConfig(module, { name: "auth", plugin: { failure_policy: "FAIL_RELOAD" } }),
            ),
            httpFilter("script", luaConfig(script)),
          ],
          accessLog,
          logFormat:
            "%SLUICE_GUEST(auth:callbacks)% %SLUICE_GUEST(auth:self_us)% %SLUICE_GUEST(script:host_call_us)% %SLUICE_GUEST(other:self_us)% %SLUICE_GUEST(auth:proxy_on_request_headers:callbacks)% %SLUICE_GUEST(script:envoy_on_response:self_us)%",
        }),
        httpListener({
          name: "quiet",
          port: quietPort,
          filters: [httpFilter("quiet", luaConfig(script))],
        }),
        {
          name: "echo",
          address: { socket_address: { address: "127.0.0.1", port_value: echoPort } },
          filter_chains: [
            {
              filters: [
                {
                  name: "lines",
                  typed_config: {
                    ...wasmConfig(lineModule, { name: "lines" }),
                    "@type": typeUrl("envoy.extensions.filters.network.wasm.v3.Wasm"),
                  },
                },
                {
                  name: "envoy.filters.network.echo",
                  typed_config: {
                    "@type": typeUrl("envoy.extensions.filters.network.echo.v3.Echo"),
                  },
                },
              ],
            },
          ],
        },
      ],
      [staticCluster("upstream", [upstream.port])],
      {
        ...adminAt(adminPort),
        bootstrap_extensions: [
          {
            name: "sluice.guests",
            typed_config: {
              "@type": typeUrl("sluice.guests.v1.Guests"),
              entries: [{ name: "quiet", limits: {}, lua: { extensions: false } }],
            },
          },
        ],
      },
    ),
  },
);

const admin = async (page: string): Promise<string> =>
  (await fetch(`http://127.0.0.1:${adminPort}${page}`)).text();

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `sluice trace`. */
function trace(args: readonly string[]): { readonly ended: Promise<Ended> } {
  const child = spawn(process.execPath, [
    sluiceBin,
    "trace",
    ...args,
    "--admin",
    `127.0.0.1:${adminPort}`,
  ]);
  after(() => child.kill("SIGKILL"));
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  return {
    ended: new Promise((resolve) => child.on("close", (code) => resolve({ code, stdout, stderr }))),
  };
}

/** Sends requests until the trace has ended: nothing tells when it has begun. */
async function traced(
  args: readonly string[],
  headers: { readonly [name: string]: string },
): Promise<Ended> {
  let ended = false;
  const running = trace(args);
  const result = running.ended.finally(() => (ended = true));
  while (!ended) {
    await askOnce(port, { headers });
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return result;
}

test("the access log and /stats tell what guests took", async () => {
  await askOnce(port, { headers: { authorization: "Bearer 0123456789" } });
  const [line] = await logLines(accessLog, 1);
  assert.match(line!, /^2 \d+(\.\d)? \d+(\.\d)? - 1 \d+(\.\d)?$/);
  const names = [
    "sluice.wasm.auth.proxy_on_request_headers.self_ns",
    "sluice.wasm.auth.proxy_on_request_headers.host_call_ns",
    "sluice.lua.script.envoy_on_request.self_ns",
    "sluice.lua.script.envoy_on_response.host_call_ns",
  ];
  await until(async () => {
    const stats = await admin("/stats?type=Histograms&filter=sluice");
    return names.every((name) => stats.includes(name));
  }, "histograms");
  const gauges = await admin("/stats?type=Gauges&filter=sluice");
  assert.match(gauges, /^sluice\.wasm\.auth\.vms: 1$/m);
  assert.match(gauges, /^sluice\.wasm\.auth\.memory_bytes: 65536$/m);
  assert.match(gauges, /^sluice\.lua\.script\.states: 2$/m);
  assert.match(gauges, /^sluice\.lua\.script\.memory_high_water_bytes: [1-9]\d+$/m);
});

test("/wasm shows plugins and their last failures, as text and as JSON", async () => {
  const before = JSON.parse(await admin("/wasm?format=json")) as WasmPage;
  const [plugin] = before.plugins;
  assert.equal(plugin!.name, "auth");
  assert.equal(plugin!.abi_version, "0.2.1");
  assert.equal(plugin!.failure_policy, "FAIL_RELOAD");
  assert.match(plugin!.sha256, /^[0-9a-f]{64}$/);
  assert.deepEqual(
    plugin!.workers.map(({ worker, state }) => [worker, state]),
    [["worker_0", "RUNNING"]],
  );
  const trapped = await askOnce(port, { headers: { "x-trap": "1" } });
  assert.equal(trapped.status, 503);
  const page = JSON.parse(await admin("/wasm?format=json")) as WasmPage;
  assert.equal(page.plugins[0]!.workers[0]!.state, "FAILED");
  assert.equal(page.failures.length, 1);
  assert.match(
    page.failures[0]!.failure,
    /^Function: proxy_on_request_headers failed: .*unreachable/,
  );
  assert.match(page.failures[0]!.backtrace[0]!, /^0: 0x[0-9a-f]+ - /);
  assert.equal(page.failures[0]!.host_calls, "proxy_get_header_map_value");
  const text = await admin("/wasm");
  assert.match(text, /^plugin "auth", root_id "", vm_id ""$/m);
  assert.match(
    text,
    /worker_0: VM 1, failed: the next stream after the backoff makes a new VM \(Function/,
  );
  assert.match(text, /failures, latest first:\n.* worker_0 plugin "auth"/);
  // The backoff is 1.5 s at most.
  await until(async () => (await askOnce(port)).status === 200, "a new VM");
  assert.match(await admin("/wasm"), /worker_0: VM 2, running/);
});

test("/lua shows scripts and their last errors, as text and as JSON", async () => {
  await askOnce(port, { headers: { "x-fail": "1" } });
  const page = JSON.parse(await admin("/lua?format=json")) as LuaPage;
  const [shown] = page.scripts;
  assert.deepEqual(
    [shown!.filter, shown!.script, shown!.hooks],
    ["script", "default", ["envoy_on_request", "envoy_on_response"]],
  );
  assert.equal(shown!.workers[0]!.state, "RUNNING");
  assert.equal(page.errors[0]!.hook, "envoy_on_request");
  assert.match(page.errors[0]!.error, /:7: as asked\nstack traceback:\n.*:7: in .*\n.*:5: in /s);
  const text = await admin("/lua");
  assert.match(text, /^filter "script", script "default"$/m);
  assert.match(
    text,
    /errors, latest first:\n.* worker_0 filter "script", script "default", envoy_on_request\n.*as asked/,
  );
});

test("an error of a script is logged as Envoy does, and with the calls that led to it", async () => {
  await askOnce(port, { headers: { "x-fail": "1" } });
  await sluice.untilLogged(
    /\[lua\] script log: \[string "\.\.\."\]:7: as asked\n.*\[lua\] lua filter "script", script "default", envoy_on_request: stack traceback:/,
  );
});

test("a Lua filter with extensions: false is not watched", async () => {
  await askOnce(quietPort, { headers: { "x-fail": "1" } });
  assert.ok(!(await admin("/lua")).includes("quiet"));
  assert.ok(!(await admin("/stats?filter=sluice")).includes("quiet.envoy_on"));
  const refused = await trace(["quiet"]).ended;
  assert.match(refused.stderr, /^sluice: there is no Wasm plugin or Lua filter "quiet": /);
  assert.ok(!sluice.stderr.includes('lua filter "quiet"'), "its error has no traceback");
});

test("sluice trace prints the calls of a Wasm plugin, and no secrets", async () => {
  const { code, stdout } = await traced(["auth", "-n", "2"], {
    authorization: "Bearer 0123456789",
    "x-copy": "0123456789",
  });
  assert.equal(code, 0, stdout);
  assert.match(stdout, /^#1 begins on worker_0: context \d+$/m);
  assert.match(
    stdout,
    /^#1 proxy_on_request_headers\(context \d+, headers \d+, end_of_stream 1\)$/m,
  );
  // A secret is one under any name, also before the guest has read it under its own.
  assert.match(
    stdout,
    /^#1   proxy_get_header_map_value\(HTTP_REQUEST_HEADERS, "x-copy"\) = OK, "\[redacted\]" </m,
  );
  assert.match(
    stdout,
    /^#1   proxy_get_header_map_value\(HTTP_REQUEST_HEADERS, "authorization"\) = OK, "\[redacted\]" <\d+\.\dus>$/m,
  );
  assert.match(
    stdout,
    /^#1   proxy_add_header_map_value\(HTTP_REQUEST_HEADERS, "x-copy", "\[redacted\]"\) = OK <\d+\.\dus>$/m,
  );
  assert.match(
    stdout,
    /^#1   proxy_get_header_map_value\(HTTP_REQUEST_HEADERS, "x-trap"\) = NOT_FOUND </m,
  );
  assert.match(stdout, /^#1 = CONTINUE <self \d+\.\dus, host calls \d+\.\dus>$/m);
  assert.match(stdout, /^#2 proxy_on_done\(context \d+\) = true <self \d+\.\dus>$/m);
  assert.match(stdout, /\n-- done; streams traced: 2\n$/);
  assert.ok(!stdout.includes("0123456789"), stdout);
});

test("sluice trace prints what a Lua script calls, and what comes of it", async () => {
  const { code, stdout } = await traced(["script", "-n", "1", "--redact", ""], {
    authorization: "Bearer 0123456789",
    "x-fail": "1",
  });
  assert.equal(code, 0, stdout);
  assert.match(stdout, /^#1 envoy_on_request\(handle\)$/m);
  assert.match(stdout, /^#1   StreamHandle:headers\(\) = object <\d+\.\dus>$/m);
  assert.match(stdout, /^#1   HeaderMap:get\("x-copy"\) = "Bearer 0123456789" </m);
  assert.match(stdout, /^#1   HeaderMap:add\("x-lua", "Bearer 0123456789"\) = nothing </m);
  assert.match(stdout, /^#1 = error .*as asked <self /m);
  assert.match(stdout, /^#1 = ended <self /m);
});

test("sluice trace --changes tells what a guest makes of requests and responses, without secrets", async () => {
  const headers = { authorization: "Bearer 0123456789" };
  const wasm = await traced(["auth", "-n", "1", "--changes"], headers);
  assert.match(wasm.stdout, /^#1 begins on worker_0: stream\n#1 proxy_on_request_headers/m);
  assert.match(wasm.stdout, /^#1 request GET \/: x-copy added "\[redacted\]"$/m);
  assert.match(wasm.stdout, /^#1 response 200: not changed$/m);
  assert.match(wasm.stdout, /^#1 response 200: .*\n(#1 .*\n)*#1 end of the stream$/m);
  assert.ok(!wasm.stdout.includes("0123456789"), wasm.stdout);
  const lua = await traced(["script", "-n", "1", "--changes"], {});
  assert.match(lua.stdout, /^#1 request GET \/: x-lua added "none"$/m);
  assert.match(lua.stdout, /^#1 response 200: x-answered added "yes"$/m);
});

test("/trace?format=json gives an object on each line, with the messages and what the stream took", async () => {
  const response = fetch(
    `http://127.0.0.1:${adminPort}/trace?guest=auth&streams=1&changes=1&format=json`,
    { method: "POST" },
  ).then((answer) => answer.text());
  let text: string | undefined;
  response.then((all) => (text = all)).catch(() => undefined);
  while (text === undefined) {
    // Answered by the plugin's VM, which has failed.
    await askOnce(port, { headers: { "x-trap": "1" } });
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const lines = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as JsonLine);
  const changes = lines.map(({ change }) => change).filter((change) => change !== undefined);
  assert.deepEqual(
    changes.map(({ direction }) => direction),
    ["request", "response"],
  );
  assert.equal(changes[0]!.back.headers, undefined);
  assert.deepEqual(changes[1]!.back.headers![0], [":status", "503"]);
  const { totals } = lines.find(({ border }) => border === "last")!;
  assert.ok(totals!.selfMs >= 0);
  assert.equal(lines.at(-1)!.note, "done; streams traced: 1");
});

interface JsonLine {
  readonly note?: string;
  readonly border?: string;
  readonly change?: MessageChange;
  readonly totals?: CallTotals;
}

test("sluice trace follows the connections of a network filter", async () => {
  const running = trace(["lines", "-n", "1"]);
  let ended = false;
  const result = running.ended.finally(() => (ended = true));
  while (!ended) {
    await using client = await TestClient.connect(echoPort);
    client.send("hello\n");
    await client.until((text) => text === "hello\n");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { stdout } = await result;
  assert.match(stdout, /^#1 proxy_on_new_connection\(context \d+\) = CONTINUE <self /m);
  assert.match(stdout, /^#1 proxy_on_downstream_data\(context \d+, bytes 6, end_of_stream 0\)$/m);
  assert.match(
    stdout,
    /^#1 {3}proxy_get_buffer_bytes\(DOWNSTREAM_DATA, 0, 100\) = OK, "hello\\n" </m,
  );
  assert.match(stdout, /^#1 end of the stream$/m);
});

test("sluice trace ends by its limits and leaves the traffic alone", async () => {
  const bytes = await traced(["auth", "--max-bytes", "300", "-n", "1000"], {});
  assert.match(bytes.stdout, /-- 300 bytes are written; streams traced: \d+\n$/);
  const time = await trace(["auth", "--duration", "1"]).ended;
  assert.match(time.stdout, /-- 1 s are over; streams traced: 0\n$/);
  assert.equal((await askOnce(port)).status, 200);
});

test("sluice trace says what is wrong", async () => {
  const unknown = await trace(["aut"]).ended;
  assert.equal(unknown.code, 1);
  assert.equal(
    unknown.stderr,
    'sluice: there is no Wasm plugin or Lua filter "aut": did you mean "auth"? there are "auth", "lines", "script"\n',
  );
  const wrong = await trace(["auth", "--streams", "0"]).ended;
  assert.equal(wrong.stderr, "sluice: streams is not a whole number from 1 to 10000\n");
  const [first, second] = [
    trace(["auth", "--duration", "300"]),
    trace(["auth", "--duration", "300"]),
  ];
  const loser = await Promise.race([first.ended, second.ended]);
  assert.equal(loser.stderr, 'sluice: "auth" is being traced already\n');
});

interface WasmPage {
  readonly plugins: readonly {
    readonly name: string;
    readonly abi_version: string;
    readonly failure_policy: string;
    readonly sha256: string;
    readonly workers: readonly { readonly worker: string; readonly state: string }[];
  }[];
  readonly failures: readonly {
    readonly failure: string;
    readonly backtrace: readonly string[];
    readonly host_calls: string;
  }[];
}

interface LuaPage {
  readonly scripts: readonly {
    readonly filter: string;
    readonly script: string;
    readonly hooks: readonly string[];
    readonly workers: readonly { readonly state: string }[];
  }[];
  readonly errors: readonly { readonly hook: string; readonly error: string }[];
}

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!(await condition())) {
    assert.ok(performance.now() < deadline, `still no ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
