// CPU that the AssemblyScript SDK adds to an HTTP stream: "read one header, add one" written with its classes, and the
// same host calls by hand.
//   node -C sluice-source test/bench/micro/sdk-overhead.bench.ts
import { assemblyScript } from "../../support/assemblyscript.ts";
import { guest } from "../../support/wasm-guest.ts";
import { measureInTurns, newHead, WasmStreams } from "../lib/wasm-stream-cpu.ts";

// Exports what the transform exports for the other one.
const byHand = await guest(`
  (data (i32.const 0) "x-in") (data (i32.const 16) "x-out") (data (i32.const 32) "value")
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_delete") (param i32))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (drop (call $proxy_get_header_map_value
      (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 64) (i32.const 68)))
    (drop (call $proxy_add_header_map_value
      (i32.const 0) (i32.const 16) (i32.const 5) (i32.const 32) (i32.const 5)))
    (global.set $next (i32.const 4096))
    (i32.const 0))`);
const withSdk = await assemblyScript("test/fixtures/wasm/header/assembly/index.ts");

const hand = await WasmStreams.of(byHand, newHead);
const sdk = await WasmStreams.of(withSdk, newHead);
measureInTurns(20, hand, sdk);
const added = sdk.best - hand.best;
console.log(
  `one header read, one added: ${sdk.best.toFixed(3)} us CPU with the SDK, ${hand.best.toFixed(3)} by hand, ${added.toFixed(3)} added (target 0.2)`,
);
