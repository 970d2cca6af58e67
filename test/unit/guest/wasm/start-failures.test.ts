import assert from "node:assert/strict";
import { test } from "node:test";
import { pluginSettings, WasmHost } from "../../../support/wasm.ts";
import { wat } from "../../../support/wat.ts";

// A trap, and a loop without end, in everything that runs before a plugin is in use: the configuration is refused, and
// the text names what failed. Instructions are counted, so that a loop ends on any machine.

const limit = 10_000;

/** Where each fails: the export, and what else the module has for it. */
const places: Readonly<Record<string, (fail: string) => string>> = {
  "start section": (fail) => `(start $go) (func $go ${fail})`,
  _initialize: (fail) => `(func (export "_initialize") ${fail})`,
  _start: (fail) => `(func (export "_start") ${fail})`,
  main: (fail) =>
    `(func (export "_initialize")) (func (export "main") (param i32 i32) (result i32) ${fail} (i32.const 0))`,
  __main_void: (fail) =>
    `(func (export "_initialize")) (func (export "__main_void") (result i32) ${fail} (i32.const 0))`,
  proxy_on_context_create: (fail) =>
    `(func (export "proxy_on_context_create") (param i32 i32) ${fail})`,
  proxy_on_vm_start: (fail) =>
    `(func (export "proxy_on_vm_start") (param i32 i32) (result i32) ${fail} (i32.const 1))`,
  proxy_on_configure: (fail) =>
    `(func (export "proxy_on_configure") (param i32 i32) (result i32) ${fail} (i32.const 1))`,
};

/** A module whose `malloc` fails while `proxy_on_configure` asks for its configuration. */
const failingMalloc = (fail: string): string => `
  (import "env" "proxy_get_buffer_bytes" (func $get (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) ${fail} (i32.const 0))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $get (i32.const 7) (i32.const 0) (i32.const 9) (i32.const 64) (i32.const 68)))
    (i32.const 1))`;

const common = `(memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) (i32.const 1024))`;

const failures = {
  trap: ["(unreachable)", /unreachable/],
  loop: ["(loop $l (br $l))", new RegExp(`over its limit of ${limit} instructions`)],
} as const;

function countingHost(): WasmHost {
  return new WasmHost(undefined, undefined, {
    wasm: { deterministic: true, maxInstructionsPerConfigure: limit },
  });
}

for (const [kind, [fail, reason]] of Object.entries(failures)) {
  for (const [name, body] of Object.entries(places)) {
    test(`a ${kind} in ${name} refuses the plugin, by name`, async () => {
      const host = countingHost();
      const refused = await host.prepare(await wat(`(module ${common} ${body(fail)})`));
      assert.ok(typeof refused === "string", "it was accepted");
      assert.match(refused, new RegExp(`^Unable to create Wasm plugin plugin: Function: ${name} `));
      assert.match(refused, reason);
      assert.equal(host.runtime.vmCount, 0);
    });
  }

  test(`a ${kind} in malloc refuses the plugin, by the callback that needed memory`, async () => {
    const code = await wat(`(module ${failingMalloc(fail)})`);
    const refused = await countingHost().prepare(code, pluginSettings({ configuration: "text" }));
    assert.ok(typeof refused === "string", "it was accepted");
    assert.match(refused, /Function: proxy_on_configure failed/);
    assert.match(refused, reason);
  });
}
