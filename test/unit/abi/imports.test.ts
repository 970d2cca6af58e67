import assert from "node:assert/strict";
import { test } from "node:test";
import {
  abiVersionOf,
  exportedCallbacks,
  exportProblems,
  importProblems,
  readModule,
} from "@sluice/abi";
import { wat } from "../../support/wat.ts";

const info = async (text: string) => readModule(await wat(`(module ${text})`));

test("abiVersionOf() reads the marker, the first of several, functions only", async () => {
  const marker = (version: string): string => `(func (export "proxy_abi_version_${version}"))`;
  assert.equal(abiVersionOf(await info(marker("0_1_0"))), "0.1.0");
  assert.equal(abiVersionOf(await info(marker("0_2_1") + marker("0_2_0"))), "0.2.1");
  assert.equal(abiVersionOf(await info(marker("0_3_0"))), undefined);
  const global = `(global (export "proxy_abi_version_0_2_1") i32 (i32.const 0))`;
  assert.equal(abiVersionOf(await info(global)), undefined);
});

test("importProblems() names each import that is not offered", async () => {
  const module = await info(`
    (import "env" "proxy_log" (func (param i32 i32 i32) (result i32)))
    (import "wasi_unstable" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_raise" (func (param i32) (result i32)))
    (import "env" "proxy_get_secret" (func (param i32) (result i32)))
    (import "other" "f" (func))
    (import "env" "g" (global i32))
    (import "env" "proxy_clear_route_cache" (func (result i32)))`);
  assert.deepEqual(importProblems(module, "0.2.1"), [
    "missing import: wasi_snapshot_preview1.proc_raise",
    "missing import: env.proxy_get_secret",
    "missing import: other.f",
    "imported globals are not supported: env.g",
    "missing import: env.proxy_clear_route_cache (the module declares ABI 0.2.1, the call belongs to 0.1.0)",
  ]);
});

test("importProblems() compares signatures", async () => {
  const module = await info(`(import "env" "proxy_log" (func (param i32 i64) (result i32)))`);
  assert.deepEqual(importProblems(module, "0.2.1"), [
    "import type mismatch for function: env.proxy_log, want: i32 i32 i32 -> i32, but the module imports: i32 i64 -> i32",
  ]);
});

test("exportProblems() compares signatures of what has a meaning in the version", async () => {
  const module = await info(`
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 0))
    (func (export "proxy_on_tick"))
    (func (export "whatever") (param f64))
    (func (export "_initialize"))`);
  assert.deepEqual(exportProblems(module, "0.2.1"), [
    "Bad function signature for: proxy_on_tick, want: i32 -> void, but the module exports: void -> void",
  ]);
  assert.equal(exportProblems(module, "0.1.0").length, 2, "headers callbacks differ in 0.1.0");
  assert.deepEqual(exportedCallbacks(module), ["proxy_on_request_headers", "proxy_on_tick"]);
});
