import { hostcalls, type HostcallName } from "@sluice/abi";
import { wat } from "./wat.ts";

/**
 * A Proxy-Wasm module in WebAssembly text: marker, memory of one page, a `malloc` that never frees, the host calls
 * that `body` names as `$proxy_…`, `$sluice_…` or `$envoy_…`, and `body` itself. Memory below 4096 is the body's own.
 */
export function guest(
  body: string,
  options: { readonly version?: string; readonly features?: Record<string, boolean> } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const used = [...new Set(body.match(/\$(?:proxy|sluice|envoy)_[a-z_]+/g) ?? [])].map((name) =>
    name.slice(1),
  );
  const imports = used.filter((name) => Object.hasOwn(hostcalls, name)).map(importOf);
  const version = (options.version ?? "0.2.1").replaceAll(".", "_");
  return wat(
    `(module
      ${imports.join("\n")}
      (memory (export "memory") 1)
      (global $next (mut i32) (i32.const 4096))
      (func (export "proxy_abi_version_${version}"))
      (func $malloc (export "malloc") (param $size i32) (result i32)
        (local $at i32)
        (local.set $at (global.get $next))
        (global.set $next (i32.and (i32.add (i32.add (local.get $at) (local.get $size)) (i32.const 7)) (i32.const -8)))
        (local.get $at))
      ${body}
    )`,
    options.features,
  );
}

function importOf(name: string): string {
  const { params } = hostcalls[name as HostcallName];
  return `(import "env" "${name}" (func $${name} (param ${params.join(" ")}) (result i32)))`;
}

/** Callbacks that do nothing but log their name and first parameter, at info: `(name) <id as one character>`. */
export function loggingCallbacks(...names: readonly string[]): string {
  return names
    .map((name, i) => {
      const at = 64 * i;
      const [params, result] = shapes[name] ?? [1, ""];
      const parameters = "i32 ".repeat(params);
      return `(data (i32.const ${at}) "${name} ")
        (func (export "${name}") (param ${parameters}) ${result === "" ? "" : "(result i32)"}
          (i32.store8 (i32.const ${at + name.length + 1}) (i32.add (i32.const 48) (local.get 0)))
          (drop (call $proxy_log (i32.const 2) (i32.const ${at}) (i32.const ${name.length + 2})))
          ${result})`;
    })
    .join("\n");
}

const zero = "(i32.const 0)";
const one = "(i32.const 1)";
const shapes: Readonly<Record<string, readonly [params: number, result: string]>> = {
  proxy_on_context_create: [2, ""],
  proxy_on_vm_start: [2, one],
  proxy_on_configure: [2, one],
  proxy_on_tick: [1, ""],
  proxy_on_queue_ready: [2, ""],
  proxy_on_request_headers: [3, zero],
  proxy_on_request_body: [3, zero],
  proxy_on_request_trailers: [2, zero],
  proxy_on_request_metadata: [2, zero],
  proxy_on_response_headers: [3, zero],
  proxy_on_response_body: [3, zero],
  proxy_on_response_trailers: [2, zero],
  proxy_on_response_metadata: [2, zero],
  proxy_on_log: [1, ""],
  proxy_on_done: [1, one],
  proxy_on_delete: [1, ""],
};

/** The module with a custom section `sluice.filter` of this content behind the others. */
export function describedBy(content: string, code: Uint8Array): Uint8Array {
  const name = Buffer.from("sluice.filter");
  const body = Buffer.concat([Buffer.from([name.length]), name, Buffer.from(content)]);
  const size = Buffer.from([(body.length & 0x7f) | 0x80, body.length >> 7]);
  return Buffer.concat([code, Buffer.from([0]), size, body]);
}
