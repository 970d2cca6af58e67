import assert from "node:assert/strict";
import { test } from "node:test";
import { resolveName } from "../../../../../../host/src/guest/wasm/resolve-name.ts";
import { WasmHost } from "../../../../../support/wasm.ts";
import { guest } from "../../../../../support/wasm-guest.ts";

const ok = 0;
const internalFailure = 10;

/** Each tick looks up a name, and logs status and number; the answer is logged as it is. */
const code = await guest(`
  (data (i32.const 512) "a.example")
  (func (export "proxy_on_tick") (param i32)
    (i32.store8 (i32.const 600) (i32.add (i32.const 48)
      (call $envoy_resolve_dns (i32.const 512) (i32.const 9) (i32.const 604))))
    (i32.store8 (i32.const 601) (i32.add (i32.const 48) (i32.load (i32.const 604))))
    (drop (call $proxy_log (i32.const 2) (i32.const 600) (i32.const 2))))
  (func (export "envoy_on_resolve_dns") (param $root i32) (param $token i32) (param $size i32)
    (i32.store8 (i32.const 600) (i32.add (i32.const 48) (local.get $root)))
    (i32.store8 (i32.const 601) (i32.add (i32.const 48) (local.get $token)))
    (i32.store8 (i32.const 602) (i32.add (i32.const 48) (local.get $size)))
    (drop (call $proxy_log (i32.const 2) (i32.const 600) (i32.const 3)))
    (drop (call $proxy_get_buffer_bytes (i32.const 8) (i32.const 0) (local.get $size) (i32.const 608) (i32.const 612)))
    (drop (call $proxy_log (i32.const 2) (i32.load (i32.const 608)) (i32.load (i32.const 612)))))`);

async function started(): Promise<{
  host: WasmHost;
  tick: () => void;
  said: () => string[];
}> {
  const host = new WasmHost();
  const { root } = await host.load(code);
  return {
    host,
    tick: () => void root.vm.call1(root, root.vm.exports.onTick!, root.id),
    said: () => host.logger.take().map((line) => line.replace("info wasm log: ", "")),
  };
}

test("envoy_on_resolve_dns is given the addresses of a name", async () => {
  const { host, tick, said } = await started();
  tick();
  const [name, done] = host.lookups[0]!;
  assert.equal(name, "a.example");
  assert.deepEqual(said(), [`${ok}2`]);
  done(["127.0.0.1:0", "[::1]:0"]);
  const ttl = "<\0\0\0";
  const size = String.fromCharCode(48 + 4 + 4 + 4 + 12 + 8);
  assert.deepEqual(said(), [`12${size}`, `\x02\0\0\0${ttl}${ttl}127.0.0.1:0\0[::1]:0\0`]);
});

test("envoy_on_resolve_dns tells a name without addresses from one that could not be looked up", async () => {
  const { host, tick, said } = await started();
  tick();
  tick();
  assert.deepEqual(said(), ["02", "03"]);
  host.lookups[0]![1]([]);
  assert.deepEqual(said(), ["124", "\0\0\0\0"]);
  host.lookups[1]![1](undefined);
  assert.deepEqual(said(), ["130", ""]);
});

test("envoy_resolve_dns is refused while too many names are looked up, and heard of no more by a plugin that has ended", async () => {
  const host = new WasmHost();
  const handle = await host.load(code);
  const { root } = handle;
  const tick = (): string => {
    root.vm.call1(root, root.vm.exports.onTick!, root.id);
    return host.logger.take()[0]!;
  };
  for (let i = 0; i < 64; i += 1) assert.match(tick(), new RegExp(`: ${ok}`));
  root.vm.call1(root, root.vm.exports.onTick!, root.id);
  const lines = host.logger.take();
  assert.match(lines[0]!, /envoy_resolve_dns in proxy_on_tick: too many names/);
  assert.equal(lines[1]!.charCodeAt("info wasm log: ".length) - 48, internalFailure);
  host.lookups[0]![1]([]);
  host.logger.take();
  assert.match(tick(), new RegExp(`: ${ok}`));
  handle.release();
  for (const [, done] of host.lookups) done([]);
  assert.deepEqual(host.logger.take(), []);
});

test("resolveName() gives addresses with the port that they have in Envoy", async () => {
  const resolved = (name: string): Promise<readonly string[] | undefined> =>
    new Promise((resolve) => resolveName(name, resolve));
  assert.deepEqual(await resolved("127.0.0.1"), ["127.0.0.1:0"]);
  assert.deepEqual(await resolved("::1"), ["[::1]:0"]);
  assert.deepEqual(await resolved(""), []);
  assert.deepEqual(await resolved("no name\n"), []);
  assert.deepEqual(await resolved("x".repeat(256)), []);
});
