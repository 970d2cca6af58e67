// CPU of one HTTP stream through a Wasm filter, without the streams' own cost: with empty callbacks, and with two host
// calls in one of them.
//   node -C sluice-source test/bench/micro/wasm-callbacks.bench.ts
import { guest } from "../../support/wasm-guest.ts";
import { measureInTurns, newHead, WasmStreams } from "../lib/wasm-stream-cpu.ts";

const result = "(result i32) (i32.const 0)";
const others = `
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_response_headers") (param i32 i32 i32) ${result})
  (func (export "proxy_on_log") (param i32))
  (func (export "proxy_on_done") (param i32) (result i32) (i32.const 1))
  (func (export "proxy_on_delete") (param i32))`;
const empty = await guest(
  `${others} (func (export "proxy_on_request_headers") (param i32 i32 i32) ${result})`,
);
const readOneAddOne = await guest(`${others}
  (data (i32.const 0) "x-in") (data (i32.const 16) "x-out") (data (i32.const 32) "value")
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (drop (call $proxy_get_header_map_value
      (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 64) (i32.const 68)))
    (drop (call $proxy_add_header_map_value
      (i32.const 0) (i32.const 16) (i32.const 5) (i32.const 32) (i32.const 5)))
    (global.set $next (i32.const 4096))
    (i32.const 0))`);

const head = newHead();
const six = await WasmStreams.of(empty, () => head);
// What was added must not be there already: making the headers counts.
const two = await WasmStreams.of(readOneAddOne, newHead);
measureInTurns(20, six, two);
console.log(`6 empty callbacks of a stream: ${six.best.toFixed(3)} us CPU`);
console.log(`one header read, one added: ${two.best.toFixed(3)} us CPU`);
