import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { after, test, type TestContext } from "node:test";
import { adminAt, statsBelow } from "../support/admin-stats.ts";
import { assemblyScript } from "../support/assemblyscript.ts";
import { TestClient } from "../support/hcm-server.ts";
import { ask, askOnce, type Answer } from "../support/http-exchange.ts";
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
import { answering, ok, TestUpstream } from "../support/router-server.ts";
import { scratchFolder, SluiceProcess, startSluice } from "../support/sluice-process.ts";
import { wat } from "../support/wat.ts";

// Wasm modules and Lua scripts in the command itself, in front of a real server.

const folder = scratchFolder({ after });
const helloModule = path.join(folder, "hello.wasm");
const probeModule = path.join(folder, "probe.wasm");
writeFileSync(helloModule, await assemblyScript("sample-filters/hello/assembly/index.ts"));
writeFileSync(probeModule, await assemblyScript("test/fixtures/wasm/assembly/probe.ts"));

const script = `
function envoy_on_request(handle)
  local headers = handle:headers()
  headers:add("x-lua-saw", headers:get("x-from-wasm") or "nothing")
  local act = headers:get("x-lua")
  if act == "body" then
    local body = handle:body()
    handle:logInfo("request body of " .. body:length())
    body:setBytes("lua(" .. body:getBytes(0, body:length()) .. ")")
  elseif act == "respond" then
    handle:respond({ [":status"] = "403", ["x-why"] = "lua" }, "refused by lua")
  elseif act == "missing" then
    handle:httpCal("x")
  elseif act == "levels" then
    handle:logTrace("t")
    handle:logDebug("d")
    handle:logInfo("i")
    handle:logWarn("w")
    handle:logErr("e")
    handle:logCritical("c")
  end
end
function envoy_on_response(handle)
  local headers = handle:headers()
  headers:add("x-lua-response", headers:get(":status"))
  if headers:get("x-answer") == "long" then
    local body = handle:body()
    body:setBytes("lua response of " .. body:length())
  end
end
`;

// Says in the body what came; with x-long the response asks the script to change it.
const upstream = await TestUpstream.start(
  answering((head, body) => {
    const lines = head.split("\r\n").filter((line) => /^x-(lua-saw|from-wasm|lua):/.test(line));
    const long = /\r\nx-long: /i.test(head) ? "x-answer: long\r\n" : "";
    return ok([...lines.sort(), body].join("\n"), long);
  }),
);
after(() => upstream[Symbol.asyncDispose]());

// Another listener of the same worker, with a script of its own.
const otherScript = `
function envoy_on_request(handle)
  handle:logInfo("mark " .. handle:headers():get(":path"):sub(2) .. ";")
  handle:respond({ [":status"] = "200" }, "other")
end
`;

const port = await freePort();
const otherPort = await freePort();
const adminPort = await freePort();
const accessLog = path.join(folder, "access.log");
const probe = wasmConfig(probeModule, { name: "probe", rootId: "my_root", vm: { vm_id: "my_vm" } });
const hello = wasmConfig(helloModule, { name: "hello", configuration: "good day" });
const sluice = await startSluice(
  { after },
  {
    folder,
    args: ["--concurrency", "1", "-l", "info"],
    config: bootstrap(
      [
        httpListener({
          port,
          filters: [
            httpFilter("hello", hello),
            httpFilter("probe", probe),
            httpFilter("script", luaConfig(script)),
          ],
          accessLog,
          logFormat: "%REQ(:PATH)% %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%",
        }),
        httpListener({
          name: "other",
          port: otherPort,
          filters: [httpFilter("other", luaConfig(otherScript))],
        }),
      ],
      [staticCluster("upstream", [upstream.port])],
      adminAt(adminPort),
    ),
  },
);

/** The line of the access log for a path that was asked for once. */
async function logged(requestPath: string): Promise<string> {
  for (let count = 1; ;) {
    const lines = await logLines(accessLog, count);
    const line = lines.find((each) => each.startsWith(`${requestPath} `));
    if (line !== undefined) return line.slice(requestPath.length + 1);
    count = lines.length + 1;
  }
}

/** The guests' lines that were logged while `act` ran: `<level> <text>`. */
async function guestLines(act: () => Promise<unknown>): Promise<string[]> {
  const begin = await mark();
  await act();
  const end = await mark();
  const between = sluice.stderr.slice(sluice.stderr.indexOf(begin), sluice.stderr.indexOf(end));
  return between.split("\n").flatMap((line) => {
    const match = /^\[[^\]]+\]\[\d+\]\[(\w+)\]\[(?:wasm|lua)\] (.*)$/.exec(line);
    return match === null ? [] : [`${match[1]} ${match[2]}`];
  });
}

let marks = 0;

/** Has a line logged that nothing else logs; gives it. The log of one worker is in order. */
async function mark(): Promise<string> {
  const line = `script log: mark ${(marks += 1)};`;
  await askOnce(otherPort, { path: `/${marks}` });
  await sluice.untilLogged(line);
  return line;
}

test("a Wasm module and a Lua script in one chain see and change headers of both directions", async () => {
  const answer = await askOnce(port, { headers: { "x-name": "reader" } });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("x-hello-wasm"), "good day, reader");
  assert.equal(answer.headers.get("x-lua-response"), "200");
  assert.equal(answer.body, "x-lua-saw: nothing\n");
});

test("a Lua script changes the bodies of requests and responses", async () => {
  const lines = await guestLines(async () => {
    const headers = { "x-lua": "body", "x-long": "yes" };
    const answer = await askOnce(port, { method: "POST", headers, body: "some text" });
    // The server got "lua(some text)"; its own answer is replaced.
    assert.equal(
      answer.body,
      `lua response of ${"x-lua-saw: nothing\nx-lua: body\nlua(some text)".length}`,
    );
    assert.equal(answer.headers.get("content-length"), String(answer.body.length));
  });
  assert.ok(lines.includes("info script log: request body of 9"), lines.join("\n"));
});

test("a Wasm module changes the bodies of requests and responses", async () => {
  const wrapped = await askOnce(port, {
    method: "POST",
    headers: { "x-do": "request-headers=unsized request-body=around" },
    body: "some text",
  });
  // The server that gets chunks has no body to show; that it was not the length of before is what counts.
  assert.equal(wrapped.status, 200);
  const upper = await askOnce(port, {
    method: "POST",
    headers: { "x-do": "request-body=upper response-body=upper" },
    body: "some text",
  });
  assert.equal(upper.body, "X-LUA-SAW: NOTHING\nSOME TEXT");
  const buffered = await askOnce(port, {
    headers: { "x-do": "response-headers=unsized response-body=buffer" },
  });
  assert.equal(buffered.headers.get("transfer-encoding"), "chunked");
  assert.equal(buffered.body, "[x-lua-saw: nothing\n]");
});

test("respond() of a script answers the client, and the access log tells who did", async () => {
  const answer = await askOnce(port, { path: "/respond", headers: { "x-lua": "respond" } });
  assert.equal(answer.status, 403);
  assert.equal(answer.body, "refused by lua");
  assert.equal(answer.headers.get("x-why"), "lua");
  assert.equal(
    answer.headers.get("x-hello-wasm"),
    "good day, world",
    "other filters see the reply",
  );
  assert.equal(await logged("/respond"), "403 - lua_response");
});

test("proxy_send_local_response answers the client, and the access log tells its details", async () => {
  await using client = await TestClient.connect(port);
  const answer = await ask(client, {
    path: "/send-local",
    headers: { "x-do": "request-headers=reply-body" },
  });
  assert.equal(answer.status, 418);
  assert.equal(answer.body, "no request-headers");
  assert.equal(await logged("/send-local"), "418 - told_to");
  const without = await ask(client, {
    path: "/bare",
    headers: { "x-do": "request-headers=reply" },
  });
  assert.deepEqual([without.status, without.body], [403, ""]);
  assert.equal(without.headers.get("x-probe"), "request-headers");
});

test("lines that guests log are printed as Envoy prints them", async () => {
  const lines = await guestLines(() => askOnce(port, { headers: { "x-lua": "levels" } }));
  // How many parts a body comes in is open.
  const whole = lines.filter((line) => line.includes("wasm log") && !line.includes("-body"));
  assert.deepEqual(whole, [
    "info wasm log probe my_root my_vm: request-headers end",
    "info wasm log probe my_root my_vm: response-headers",
    "info wasm log probe my_root my_vm: log",
  ]);
  assert.ok(lines.some((line) => /^info wasm log probe .*: response-body \d+ end$/.test(line)));
  const script = lines.filter((line) => line.includes("script log"));
  assert.deepEqual(script, [
    "info script log: i",
    "warning script log: w",
    "error script log: e",
    "critical script log: c",
  ]);
});

test("a plugin is told its configuration before the first request", () => {
  assert.match(sluice.stderr, /\[info\]\[wasm\] wasm log: greets with "good day"\n/);
  const at = sluice.stderr.indexOf("greets with");
  assert.ok(at < sluice.stderr.indexOf("all dependencies initialized"), sluice.stderr);
});

test("a Lua method that does not exist raises at the call, by name, and the stream passes", async () => {
  let answer: Answer | undefined;
  const lines = await guestLines(async () => {
    answer = await askOnce(port, { path: "/missing", headers: { "x-lua": "missing" } });
  });
  assert.equal(answer?.status, 200);
  assert.equal(answer.headers.get("x-lua-response"), "200", "the other hook runs all the same");
  const errors = lines.filter((line) => line.startsWith("error script log: "));
  assert.equal(errors.length, 1, lines.join("\n"));
  assert.equal((await statsBelow(adminPort, "http.main.lua.")).get("errors"), 1);
  assert.match(errors[0]!, /^error script log: \[string ".*"\]:13: .*'httpCal'/);
});

/** A bootstrap in YAML: where a problem is said to be can be counted. */
function guestBootstrap(filter: string): string {
  return `static_resources:
  listeners:
  - name: main
    address: { socket_address: { address: 127.0.0.1, port_value: ${port} } }
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: main
          route_config: { virtual_hosts: [{ name: all, domains: ["*"] }] }
          http_filters:
          - name: guest
            typed_config:
${filter}
          - name: envoy.filters.http.router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
bootstrap_extensions:
- name: sluice.guests
  typed_config:
    "@type": type.googleapis.com/sluice.guests.v1.Guests
    default_limits: { cpu_time_per_configure: 0.2s }
`;
}

const wasmGuest = (file: string): string =>
  guestBootstrap(`              "@type": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
              config:
                name: mine
                vm_config: { runtime: envoy.wasm.runtime.v8, code: { local: { filename: "${file}" } } }`);

const luaGuest = (text: string): string =>
  guestBootstrap(`              "@type": type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua
              default_source_code: { inline_string: ${JSON.stringify(text)} }`);

/** A module of this much, compiled. */
async function moduleFile(t: TestContext, parts: string): Promise<string> {
  const file = path.join(scratchFolder(t), "guest.wasm");
  writeFileSync(file, await wat(`(module ${parts})`));
  return file;
}

const abi = `(func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 0)`;
const memory = `(memory (export "memory") 1)`;
const oneParameter = "(func (param i32) (result i32))";
const onConfigure = (body: string): string =>
  `${memory} ${abi} (func (export "proxy_on_configure") (param i32 i32) (result i32) ${body})`;

const place =
  "14:13: static_resources.listeners[0].filter_chains[0].filters[0].typed_config.http_filters[0].typed_config";
const wasmPlace = `${place}: Unable to create Wasm plugin mine`;
const failed = `${wasmPlace}: Function: proxy_on_configure failed: Uncaught RuntimeError: unreachable`;

/** What is said of a module, from the line and column of its filter on. */
const badModules: readonly [name: string, parts: string, said: string][] = [
  [
    "imports a host call that does not exist",
    `(import "env" "proxy_nonsense" ${oneParameter}) ${memory} ${abi}`,
    `${wasmPlace}: Failed to load Wasm module due to a missing import: env.proxy_nonsense`,
  ],
  [
    "imports a host call with another signature",
    `(import "env" "proxy_log" ${oneParameter}) ${memory} ${abi}`,
    `${wasmPlace}: Failed to load Wasm module due to an import type mismatch for function: env.proxy_log, want: i32 i32 i32 -> i32, but the module imports: i32 -> i32`,
  ],
  [
    "has no ABI version",
    memory,
    `${wasmPlace}: Missing or unknown Proxy-Wasm ABI version (no export named proxy_abi_version_0_2_1, …_0_2_0 or …_0_1_0)`,
  ],
  [
    "refuses its configuration",
    onConfigure("i32.const 0"),
    `${wasmPlace}: proxy_on_configure returned false`,
  ],
  ["traps when it is configured", onConfigure("unreachable"), failed],
  [
    "never ends to configure itself",
    onConfigure("(loop $again br $again) i32.const 1"),
    `${failed} (over its CPU limit of 200 ms: cpu_time_per_configure of sluice.guests)`,
  ],
];

/** Starts with a configuration that must be refused; gives what was said of its filter. */
async function refusal(t: TestContext, config: string): Promise<string | undefined> {
  const refused = new SluiceProcess(t, { config });
  assert.deepEqual(await refused.ended(), { code: 78, signal: null });
  const lines = refused.lines.filter((line) => line.includes("[critical]"));
  assert.equal(lines.length, 1, refused.stderr);
  return lines[0]!.split(`[critical][main] ${refused.configFile}:`)[1];
}

for (const [name, parts, said] of badModules) {
  test(`a module that ${name} is refused before a port opens`, async (t) => {
    assert.equal(await refusal(t, wasmGuest(await moduleFile(t, parts))), said);
  });
}

test("a file that is no module is refused before a port opens", async (t) => {
  const file = path.join(scratchFolder(t), "guest.wasm");
  writeFileSync(file, "no module at all");
  const said = `${wasmPlace}: not a WebAssembly module: it does not begin with \\0asm`;
  assert.equal(await refusal(t, wasmGuest(file)), said);
});

const scriptError = `${place}: script load error`;

const badScripts: readonly [name: string, script: string, said: string][] = [
  [
    "does not compile",
    "function envoy_on_request(handle)\n  handle:headers(\nend",
    `${scriptError}: [string "function envoy_on_request(handle)..."]:3: unexpected symbol near 'end'`,
  ],
  [
    "fails as it is loaded",
    "local x = nil\nx.y = 1",
    `${scriptError}: [string "local x = nil..."]:2: attempt to index local 'x' (a nil value)`,
  ],
  [
    "never ends to load",
    "while true do end",
    `${scriptError}: the script used more than its 200 ms of CPU time`,
  ],
];

for (const [name, text, said] of badScripts) {
  test(`a script that ${name} is refused before a port opens`, async (t) => {
    assert.equal(await refusal(t, luaGuest(text)), said);
  });
}
