import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { sluice, sluiceBin } from "../support/command.ts";
import { TestClient } from "../support/hcm-server.ts";
import { ask } from "../support/http-exchange.ts";
import { canConnect, freePort } from "../support/ports.ts";
import { RunningCommand, save } from "../support/running-command.ts";
import { scratchFolder } from "../support/sluice-process.ts";
import { guest } from "../support/wasm-guest.ts";

// An AssemblyScript filter and a script behind it, in a folder without packages.
const folder = scratchFolder({ after });
const program = path.join(folder, "greet.ts");
const script = path.join(folder, "tail.lua");
writeFileSync(
  program,
  `import { Body, DataStatus, HeaderMap, HeadersStatus, HttpFilter } from "@sluice/sdk-assemblyscript/assembly";

class Greet extends HttpFilter {
  override onRequestHeaders(headers: HeaderMap, _endOfStream: bool): HeadersStatus {
    headers.set("x-greeting", "hello");
    headers.remove("content-length");
    return HeadersStatus.Continue;
  }

  override onRequestBody(body: Body, _endOfStream: bool): DataStatus {
    body.append("!");
    return DataStatus.Continue;
  }
}
`,
);
writeFileSync(script, 'function envoy_on_response(h)\n  h:headers():add("x-tail", "one")\nend\n');
const port = await freePort();
const dev = new RunningCommand(
  { after },
  [process.execPath, sluiceBin, "dev", "greet.ts", "tail.lua", "--port", String(port)],
  { cwd: folder },
);
const clients: TestClient[] = [];
after(() => clients[0]?.[Symbol.asyncDispose]());

test("sluice dev says where to send requests, and what to edit", async () => {
  const said = await dev.until("Ctrl-C ends it.\n");
  assert.match(said, new RegExp(`curl -i http://127\\.0\\.0\\.1:${port}/$`, "m"));
  assert.match(said, /^Edit: +greet\.ts, tail\.lua /m);
  clients.push(await TestClient.connect(port));
});

test("sluice dev prints what each filter changes of a request", async () => {
  const from = dev.output.length;
  const answer = await ask(clients[0]!, { method: "POST", path: "/a?b", body: "hi" });
  assert.equal(answer.status, 200);
  assert.match(answer.body, /^POST \/a\?b\n(.*\n)*x-greeting: hello\n(.*\n)*\nhi!$/);
  assert.equal(answer.headers.get("x-tail"), "one");
  await dev.until(/-> 200 {2}greet: .*\n(.*\n)* {2}response .*\n/, from);
  const said = await dev.until(/-> 200 {2}tail: .*\n(.*\n)* {2}response .*\n/, from);
  assert.match(said, /^POST \/a\?b -> 200 {2}greet: \d callbacks, \d host calls, [\d.]+us$/m);
  assert.match(said, /proxy_replace_header_map_value/);
  assert.match(
    said,
    /^ {2}request +- content-length: 2\n +\+ x-greeting: hello\n +~ body 2 -> 3 bytes$/m,
  );
  assert.match(said, /^ {2}response +\+ x-tail: one$/m);
});

test("saving a filter swaps it, and connections of clients stay open", async () => {
  let from = dev.output.length;
  save(script, '"one"', '"two"');
  await dev.until(/^tail\.lua saved: live after \d+ ms$/m, from);
  from = dev.output.length;
  save(program, '"hello"', '"good day"');
  await dev.until(/^greet\.ts saved: live after \d+ ms$/m, from);
  const answer = await ask(clients[0]!);
  assert.equal(answer.headers.get("x-tail"), "two");
  assert.match(answer.body, /^x-greeting: good day$/m);
  assert.equal(clients[0]!.ended, false);
});

test("a filter that traps ends its stream, and the next one has a new VM", async () => {
  let from = dev.output.length;
  save(program, 'headers.remove("content-length");', 'if (headers.has("x-boom")) unreachable();');
  await dev.until(/^greet\.ts saved: live after \d+ ms$/m, from);
  from = dev.output.length;
  assert.equal((await ask(clients[0]!, { headers: { "x-boom": "1" } })).status, 503);
  await dev.until(/Function: proxy_on_request_headers failed: .*unreachable/, from);
  // A new VM comes a millisecond or two after the last one.
  let status = 503;
  for (let i = 0; i < 2000 && status === 503; i += 1) status = (await ask(clients[0]!)).status;
  assert.equal(status, 200);
});

test("what does not compile is said with its place and its line, and the filter that runs stays", async () => {
  let from = dev.output.length;
  save(program, "HeadersStatus.Continue;", "HeadersStatus.Contniue;");
  const said = await dev.until("The filter that runs stays.", from);
  assert.match(said, /^greet\.ts:7:\d+: .*'Contniue'.*\n +return HeadersStatus\.Contniue;\n +\^$/m);
  from = dev.output.length;
  save(script, '"two")', '"two"');
  const lua = await dev.until("The filter that runs stays.", from);
  assert.match(lua, /^tail\.lua:3:1: '\)' expected .*\n +end$/m);
  const answer = await ask(clients[0]!);
  assert.equal(answer.headers.get("x-tail"), "two");
  assert.match(answer.body, /^x-greeting: good day$/m);
});

test("what the proxy refuses is said with the script's line, and the script that runs stays", async () => {
  const from = dev.output.length;
  save(script, '"two"', '"three")\nend\nerror("at start")\nif false then');
  const said = await dev.until("The filter that runs stays.", from);
  assert.match(said, /^tail\.lua:4:1: at start\n +error\("at start"\)$/m);
  assert.equal((await ask(clients[0]!)).headers.get("x-tail"), "two");
});

test("Ctrl-C ends sluice dev in order", async () => {
  process.kill(-dev.pid, "SIGINT");
  assert.equal(await dev.untilEnded(), 0, dev.output);
  assert.equal(await canConnect(port), false);
});

const headersCallback =
  '(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 0))';
const configure = (body: string): string =>
  `${headersCallback}(func (export "proxy_on_configure") (param i32 i32) (result i32) ${body})`;

/** Modules that cannot run, what is said of them, and flags. */
const badModules: readonly (readonly [
  name: string,
  body: string,
  said: RegExp,
  ...flags: readonly string[],
])[] = [
  ["nothing", "", /the module exports no callback, so nothing of it would ever run\n +In Assembly/],
  [
    "sink",
    '(func (export "envoy_on_stats_update") (param i32 i32))',
    /the module is no HTTP filter; by its callbacks it can be: stats sink\n/,
  ],
  [
    "trap",
    configure("unreachable"),
    /0: 0x[0-9a-f]+ - .*(\n.*)*failed: .*unreachable\n +It trapped/,
  ],
  ["picky", configure("(i32.const 0)"), /returned false\n +.*--configuration <text>/],
  [
    "greedy",
    configure("(call $proxy_done)"),
    /asks for proxy_done, which --allow does not give\n +Do without, or add: --allow proxy_log,proxy_done$/m,
    "--allow",
    "proxy_log",
  ],
];

for (const [name, body, said, ...flags] of badModules) {
  test(`sluice dev ends with 78 for a module that cannot run: ${name}`, async () => {
    const file = path.join(folder, `${name}.wasm`);
    writeFileSync(file, await guest(body));
    const { code, stderr } = await sluice(
      "dev",
      file,
      "--port",
      String(await freePort()),
      ...flags,
    );
    assert.equal(code, 78, stderr);
    assert.match(stderr, said);
    assert.ok(stderr.includes(`${file}: `), stderr);
  });
}

test("sluice dev ends with 78 for a script that cannot run, and with 2 for a wrong command line", async () => {
  const file = path.join(folder, "bad.lua");
  const dev78 = async (text: string): Promise<string> => {
    writeFileSync(file, text);
    const { code, stderr } = await sluice("dev", file, "--port", String(await freePort()));
    assert.equal(code, 78, stderr);
    return stderr;
  };
  assert.match(
    await dev78("x = 1\n"),
    /bad\.lua: the script has no hook.*\n +Define function envoy/,
  );
  assert.match(await dev78("function envoy_on_request(h\n"), /bad\.lua:\d:\d+: .*\n +/);
  const failing = 'function envoy_on_request(h) end\n  error("at start")\n';
  assert.match(await dev78(failing), /bad\.lua:2:3: at start\n +error\("at start"\)/);
  const { code, stderr } = await sluice("dev", path.join(folder, "none.ts"));
  assert.equal(code, 2);
  assert.match(stderr, /none\.ts: there is no such file or folder: .*\nusage: sluice dev/);
});
