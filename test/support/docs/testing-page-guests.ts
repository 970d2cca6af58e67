import { guest } from "../wasm-guest.ts";

/** Modules that the suites of host/docs/testing.md name, by file. */
export async function testingPageGuests(): Promise<ReadonlyMap<string, Uint8Array>> {
  return new Map([
    ["build/quota.wasm", await guest(quota)],
    ["build/lines.wasm", await guest(shouting)],
  ]);
}

/** Asks the service `quota` for a token of "A", and waits for the answer. */
const quota = `
  (data (i32.const 0) "quota")
  (data (i32.const 16) "quota.v1.Quota")
  (data (i32.const 48) "Take")
  (data (i32.const 64) "\\0a\\01A")
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (drop (call $proxy_grpc_call
      (i32.const 0) (i32.const 5) (i32.const 16) (i32.const 14) (i32.const 48) (i32.const 4)
      (i32.const 0) (i32.const 0) (i32.const 64) (i32.const 3) (i32.const 1000) (i32.const 80)))
    (i32.const 0))
  (func (export "proxy_on_grpc_receive") (param i32 i32 i32))
  (func (export "proxy_on_grpc_close") (param i32 i32 i32))`;

/** Makes small letters large, on the way to the server. */
const shouting = `
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32)
    (local $at i32) (local $end i32) (local $letter i32)
    (drop (call $proxy_get_buffer_bytes (i32.const 2) (i32.const 0) (local.get 1) (i32.const 0) (i32.const 4)))
    (local.set $at (i32.load (i32.const 0)))
    (local.set $end (i32.add (local.get $at) (i32.load (i32.const 4))))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
      (local.set $letter (i32.load8_u (local.get $at)))
      (if (i32.and (i32.ge_u (local.get $letter) (i32.const 97)) (i32.le_u (local.get $letter) (i32.const 122)))
        (then (i32.store8 (local.get $at) (i32.sub (local.get $letter) (i32.const 32)))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $next)))
    (drop (call $proxy_set_buffer_bytes (i32.const 2) (i32.const 0) (local.get 1)
      (i32.load (i32.const 0)) (i32.load (i32.const 4))))
    (i32.const 0))`;
