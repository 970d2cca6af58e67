import { guest } from "./wasm-guest.ts";

/** A network filter that puts a text of one letter in front of what the client sends. */
export function prefixGuest(letter: string): Promise<Uint8Array<ArrayBuffer>> {
  return guest(`(data (i32.const 0) "${letter}")
  (func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32)
    (if (local.get 1) (then
      (drop (call $proxy_set_buffer_bytes (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1)))))
    (i32.const 0))`);
}
