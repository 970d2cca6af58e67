import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { askOnce } from "../support/http-exchange.ts";
import { freePort } from "../support/ports.ts";
import { bootstrap, httpFilter, httpListener, wasmConfig } from "../support/proxy-config.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";
import { guest } from "../support/wasm-guest.ts";

test("sluice.guests.v1.SharedMemory caps what guests of all workers keep", async (t) => {
  const folder = scratchFolder(t);
  const module = path.join(folder, "filter.wasm");
  // Puts 600 bytes under two keys, and says how that went: `x-first` and `x-second` are statuses as letters from "A".
  const code = await guest(`
    (data (i32.const 0) "x-first")
    (data (i32.const 8) "x-second")
    (func $put (param $at i32) (param $size i32)
      (i32.store8 (i32.const 40) (i32.add (i32.const 65)
        (call $proxy_set_shared_data (local.get $at) (local.get $size) (i32.const 1000) (i32.const 600) (i32.const 0))))
      (drop (call $proxy_add_header_map_value (i32.const 2) (local.get $at) (local.get $size) (i32.const 40) (i32.const 1))))
    (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
      (call $put (i32.const 0) (i32.const 7))
      (call $put (i32.const 8) (i32.const 8))
      (i32.const 0))`);
  writeFileSync(module, code);
  const port = await freePort();
  const guests = {
    "@type": "type.googleapis.com/sluice.guests.v1.Guests",
    shared_memory: { max_data_bytes: 1000, max_queue_bytes: 1000, max_queues_bytes: 1000 },
  };
  const direct = {
    match: { prefix: "/" },
    direct_response: { status: 200, body: { inline_string: "ok" } },
  };
  const listener = httpListener({
    port,
    filters: [httpFilter("wasm", wasmConfig(module))],
    routes: [direct],
  });
  await startSluice(t, {
    folder,
    config: bootstrap([listener], [], {
      bootstrap_extensions: [{ name: "sluice.guests", typed_config: guests }],
    }),
  });
  const { headers } = await askOnce(port);
  assert.equal(headers.get("x-first"), "A", "Ok");
  assert.equal(headers.get("x-second"), "K", "InternalFailure");
});
