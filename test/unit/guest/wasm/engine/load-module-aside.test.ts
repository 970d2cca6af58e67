import assert from "node:assert/strict";
import { test } from "node:test";
import { asideBytes } from "../../../../../host/src/guest/wasm/engine/load-module-aside.ts";
import { WasmHost } from "../../../../support/wasm.ts";
import { guest } from "../../../../support/wasm-guest.ts";

/** The module with a custom section so large that it is loaded by a thread of its own. */
function padded(code: Uint8Array): Uint8Array {
  const section = Buffer.alloc(asideBytes);
  section.writeUInt8(0, 0);
  // The section's size in five bytes, then a name of three.
  const size = asideBytes - 6;
  for (let i = 0; i < 5; i += 1) {
    section.writeUInt8(((size >>> (7 * i)) & 0x7f) | (i < 4 ? 0x80 : 0), 1 + i);
  }
  section.write("\x03pad", 6, "latin1");
  return Buffer.concat([code, section]);
}

test("a large module is loaded by a thread of its own, and runs as any other", async () => {
  const host = new WasmHost();
  const code = padded(
    await guest(`(data (i32.const 0) "here")
      (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
        (drop (call $proxy_log (i32.const 2) (i32.const 0) (i32.const 4))) (i32.const 1))`),
  );
  assert.ok(code.length > asideBytes);
  await host.load(code);
  assert.deepEqual(host.logger.take(), ["info wasm log: here"]);
});

test("what is wrong with a large module is said as of any other", async () => {
  const host = new WasmHost();
  const code = padded(await guest(`(func (export "proxy_on_tick"))`));
  assert.match(
    (await host.prepare(code)) as string,
    /^Unable to create Wasm plugin plugin: Bad function signature for: proxy_on_tick/,
  );
  assert.match((await host.prepare(Buffer.alloc(asideBytes + 1))) as string, /magic|header|not a/i);
});
