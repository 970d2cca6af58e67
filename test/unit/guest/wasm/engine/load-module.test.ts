import assert from "node:assert/strict";
import { test } from "node:test";
import { WasmHost } from "../../../../support/wasm.ts";
import { guest } from "../../../../support/wasm-guest.ts";
import { wat } from "../../../../support/wat.ts";

const host = new WasmHost();
const start = "Unable to create Wasm plugin plugin: ";

async function refusal(code: Uint8Array): Promise<string> {
  const plugin = await host.prepare(code);
  assert.ok(typeof plugin === "string", "the module was accepted");
  assert.ok(plugin.startsWith(start), plugin);
  return plugin.slice(start.length);
}

test("a module that imports a missing host call is refused by name", async () => {
  assert.equal(
    await refusal(
      await wat(`(module (import "env" "proxy_get_secret" (func (param i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "proxy_abi_version_0_2_1"))
        (func (export "malloc") (param i32) (result i32) (i32.const 64)))`),
    ),
    "Failed to load Wasm module due to a missing import: env.proxy_get_secret",
  );
});

test("all that is wrong with a module is said at once", async () => {
  const module = await wat(`(module (import "env" "nothing" (func))
    (func (export "proxy_abi_version_0_2_1")) (func (export "proxy_on_tick")))`);
  assert.equal(
    await refusal(module),
    "Failed to load Wasm module due to a missing import: env.nothing; " +
      "Bad function signature for: proxy_on_tick, want: i32 -> void, but the module exports: void -> void; " +
      "Wasm module is missing malloc function.",
  );
});

test("a module without ABI marker, and what is no module, are refused", async () => {
  assert.match(await refusal(await wat(`(module)`)), /^Missing or unknown Proxy-Wasm ABI version/);
  assert.match(await refusal(Buffer.from("not wasm")), /does not begin with \\0asm/);
  assert.equal(await refusal(Buffer.alloc(0)), "the code is empty");
});

test("a module beyond the memory limit is refused", async () => {
  const module = await wat(`(module (memory 20000) (func (export "proxy_abi_version_0_2_1"))
    (func (export "malloc") (param i32) (result i32) (i32.const 0)))`);
  assert.match(await refusal(module), /needs 1310720000 bytes of memory, the limit is 67108864/);
});

test("a module that imports its memory and its table runs", async () => {
  const module = await wat(`(module
    (import "env" "memory" (memory 1))
    (import "env" "table" (table 3 funcref))
    (func (export "proxy_abi_version_0_2_1"))
    (func (export "malloc") (param i32) (result i32) (i32.const 0))
    (func (export "proxy_on_configure") (param i32 i32) (result i32) (table.size 0)))`);
  assert.equal(typeof (await host.prepare(module)), "object");
});

test("a module without memory runs", async () => {
  const module = await wat(`(module (func (export "proxy_abi_version_0_2_0"))
    (func (export "malloc") (param i32) (result i32) (i32.const 0)))`);
  assert.equal(typeof (await host.prepare(module)), "object");
});

test("one module is compiled once, whatever is configured around it", async () => {
  const code = await guest("");
  const first = await host.prepare(code);
  const second = await host.prepare(Uint8Array.from(code));
  assert.ok(typeof first === "object" && typeof second === "object");
  assert.equal(first.module.module, second.module.module);
});
