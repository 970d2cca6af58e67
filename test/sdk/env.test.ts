import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { callbacks, type Hostcall, hostcalls, otherExports } from "@sluice/abi";

const assembly = path.resolve(import.meta.dirname, "../../sdk-assemblyscript/assembly");
const source = (name: string): string => readFileSync(path.join(assembly, name), "utf8");

test("assembly/env.ts declares host calls as the ABI's table has them", () => {
  const declared = [...source("env.ts").matchAll(/declare function (\w+)\(([^)]*)\): u32;/g)];
  assert.ok(declared.length > 5);
  for (const [, name = "", parameters = ""] of declared) {
    assert.ok(Object.hasOwn(hostcalls, name), `${name} is no host call`);
    const call: Hostcall = hostcalls[name as keyof typeof hostcalls];
    assert.ok(call.implemented, `${name} is not offered`);
    assert.equal(parameters.match(/:/g)?.length ?? 0, call.params.length, name);
  }
});

test("assembly/exports.ts exports callbacks as the ABI's table has them", () => {
  const table = { ...callbacks, ...otherExports };
  for (const [, name = "", parameters = "", result] of source("exports.ts").matchAll(
    /export function (\w+)\(([^)]*)\): (\w+) /g,
  )) {
    if (name.startsWith("proxy_abi_version_")) continue;
    const callback = table[name as keyof typeof table];
    assert.ok(callback, `${name} is no callback`);
    assert.equal(parameters.match(/:/g)?.length ?? 0, callback.params.length, name);
    assert.equal(result === "void" ? 0 : 1, callback.results.length, name);
  }
});
