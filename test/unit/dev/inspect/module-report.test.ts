import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import {
  inspectModule,
  type ModuleReport,
} from "../../../../host/src/dev/inspect/module-report.ts";
import { reportText } from "../../../../host/src/dev/inspect/report-text.ts";
import { wat } from "../../../support/wat.ts";

const fixtures = path.resolve(import.meta.dirname, "../../../fixtures/wasm");

const filter = (more: string): string => `(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  ${more}
  (memory (export "memory") 2 10)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) (i32.const 16))
  (func $big (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (drop (call $log (i32.const 2) (i32.const 0) (i32.const 0)))
    (drop (call $log (i32.const 2) (i32.const 0) (i32.const 0)))
    (i32.const 0)))`;

async function inspected(module: Uint8Array): Promise<ModuleReport> {
  const report = await inspectModule(module, "Sluice");
  assert.ok(report.ok, report.ok ? "" : report.error);
  return report.value;
}

/** `yes`, or the reasons, by host. */
function verdicts({ hosts }: ModuleReport): Readonly<Record<string, string>> {
  const text = ({ runs, reasons }: ModuleReport["hosts"][number]): string =>
    [runs, ...reasons].join(": ");
  return Object.fromEntries(hosts.map((verdict) => [verdict.host, text(verdict)]));
}

test("inspectModule() tells version, imports, exports, callbacks, memory and sizes", async () => {
  const report = await inspected(await wat(filter("")));
  assert.equal(report.abiVersion, "0.2.1");
  assert.deepEqual(report.places, ["HTTP filter"]);
  assert.deepEqual(report.imports, [
    {
      module: "env",
      name: "proxy_log",
      kind: "function",
      type: "(i32, i32, i32) -> i32",
      group: "log",
    },
  ]);
  assert.deepEqual(
    report.exports.map(({ name, role }) => [name, role]),
    [
      ["memory", "memory"],
      ["proxy_abi_version_0_2_1", "abi version"],
      ["malloc", "allocator"],
      ["proxy_on_request_headers", "callback"],
    ],
  );
  assert.deepEqual(report.memory, {
    imported: false,
    initialBytes: 131_072,
    maximumBytes: 655_360,
  });
  assert.deepEqual(
    report.size.functions.map(({ name, index }) => [name, index]),
    [
      ["big", 3],
      ["malloc", 2],
      ["proxy_abi_version_0_2_1", 1],
    ],
  );
  assert.deepEqual(new Set(Object.values(verdicts(report)).slice(0, 4)), new Set(["yes"]));
});

test("inspectModule() says why Sluice refuses a module, and why Envoy does", async () => {
  const unknown = await inspected(
    await wat(filter(`(import "env" "proxy_logg" (func (param i32)))`)),
  );
  const { Sluice: ours, "Envoy 1.40": envoys } = verdicts(unknown);
  assert.match(ours!, /^no: .*missing import: env\.proxy_logg \(did you mean proxy_log\?\)$/);
  assert.match(envoys!, /^no: missing import: env\.proxy_logg$/);
});

test("inspectModule() tells what only Sluice has", async () => {
  const own = await inspected(
    await wat(filter(`(import "env" "sluice_tcp_close" (func (param i32) (result i32)))`)),
  );
  assert.equal(verdicts(own)["Sluice"], "yes");
  assert.equal(verdicts(own)["Envoy 1.40"], "no: missing import: env.sluice_tcp_close");
  const module = filter("").replace("proxy_on_request_headers", "sluice_on_accept");
  const listener = await inspected(
    await wat(
      module.replace(
        "(param i32 i32 i32) (result i32)\n    (drop",
        "(param i32) (result i32)\n    (drop",
      ),
    ),
  );
  assert.equal(verdicts(listener)["Sluice"], "yes");
  assert.equal(verdicts(listener)["Envoy 1.40"], "no: has no place for a listener filter");
});

test("inspectModule() tells what other hosts leave out", async () => {
  const rust = await inspected(readFileSync(path.join(fixtures, "rust/probe.wasm")));
  const found = verdicts(rust);
  assert.equal(found["Envoy 1.40"], "yes");
  assert.match(found["ngx_wasm_module"]!, /^partly: .*proxy_grpc_call.*proxy_on_queue_ready/);
  assert.match(found["MOSN"]!, /^no: knows ABI 0\.1\.0, 0\.2\.0, the module is 0\.2\.1$/);
  assert.match(found["Google Cloud Service Extensions"]!, /^partly: .*proxy_http_call/);
  assert.ok(rust.tools.some((tool) => tool.startsWith("rustc 1.")));
});

test("inspectModule() reads what a filter says of itself, and does not trust it", async () => {
  const module = await wat(filter(""));
  const withSection = (content: string): Uint8Array => {
    const body = Buffer.from(`\x0dsluice.filter${content}`);
    return Buffer.concat([module, Buffer.from([0, body.length]), body]);
  };
  const said = await inspected(
    withSection(`{"name":"x","version":"1.0.0","predicate":{"paths":["/a"]}}`),
  );
  assert.match(
    reportText("x.wasm", said, 1),
    /^filter +x 1\.0\.0\nmatters for +\{"paths":\["\/a"\]\}$/m,
  );
  const broken = await inspected(withSection("{"));
  assert.match(verdicts(broken)["Sluice"]!, /^no: custom section sluice\.filter: /);
  assert.match(reportText("x.wasm", broken, 1), /^filter +unreadable: /m);
});

test("inspectModule() says why bytes are no module", async () => {
  const error = async (bytes: Uint8Array): Promise<string> => {
    const report = await inspectModule(bytes, "Sluice");
    return report.ok ? "ok" : report.error;
  };
  assert.match(await error(Buffer.from("hello")), /does not begin with \\0asm/);
  assert.match(await error((await wat(filter(""))).subarray(0, 60)), /ends too early/);
});

test("reportText() lists the largest functions, the limits and the hosts", async () => {
  const text = reportText("f.wasm", await inspected(await wat(filter(""))), 1);
  assert.match(text, /^f\.wasm: \d+ B, sha256 [0-9a-f]{64}$/m);
  assert.match(text, /^ABI +0\.2\.1$/m);
  assert.match(text, /^ +\d+ B +\d+\.\d % +big\n +and 2 more \(--top 3\)$/m);
  assert.match(text, /^ +memory at start +128 KiB of 64 MiB$/m);
  assert.match(text, /^ +Envoy 1\.40 +yes$/m);
  for (const line of text.split("\n")) assert.ok(line.length <= 110, line);
});
