import { guest } from "../support/wasm-guest.ts";
import { WasmHost, wasmInstances } from "../support/wasm.ts";
import type { HttpFilterInstances } from "../../host/src/contracts/http/filter.ts";
import { testHttpFilter } from "./http-filter.ts";

async function plugin(body: string): Promise<HttpFilterInstances> {
  const host = new WasmHost();
  return wasmInstances(await host.load(await guest(body)));
}

const name = '(data (i32.const 0) "x-wasm") (data (i32.const 16) "1")';
/** Adds `x-wasm: 1` to the map of this number, and passes. */
const adding = (callback: string, map: number): string => `
  (func (export "${callback}") (param i32 i32 i32) (result i32)
    (drop (call $proxy_add_header_map_value
      (i32.const ${map}) (i32.const 0) (i32.const 6) (i32.const 16) (i32.const 1)))
    (i32.const 0))`;
/** Pauses until the body is whole. */
const waiting = (callback: string): string => `
  (func (export "${callback}") (param i32 i32 i32) (result i32)
    (i32.eqz (local.get 2)))`;

testHttpFilter({
  name: "wasm: headers",
  ownHeaders: ["x-wasm"],
  create: () =>
    plugin(name + adding("proxy_on_request_headers", 0) + adding("proxy_on_response_headers", 2)),
});

testHttpFilter({
  name: "wasm: whole bodies",
  create: () => plugin(waiting("proxy_on_request_body") + waiting("proxy_on_response_body")),
});

testHttpFilter({ name: "wasm: no callbacks", create: () => plugin("") });
