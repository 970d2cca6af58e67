import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { callbacks, type Hostcall, hostcalls, otherExports } from "@sluice/abi";

const assembly = path.resolve(import.meta.dirname, "../../sdk-assemblyscript/assembly");
const source = (name: string): string => readFileSync(path.join(assembly, name), "utf8");

test("assembly/env.ts declares all host calls of 0.2.1, as the ABI's table has them", () => {
  const declared = new Set<string>();
  for (const [, name = "", parameters = ""] of source("env.ts").matchAll(
    /declare function (\w+)\(([^)]*)\): u32;/g,
  )) {
    declared.add(name);
    assert.ok(Object.hasOwn(hostcalls, name), `${name} is no host call`);
    const call: Hostcall = hostcalls[name as keyof typeof hostcalls];
    const types = [...parameters.matchAll(/: (\w+)/g)].map(([, type]) =>
      type!.endsWith("64") ? "i64" : "i32",
    );
    assert.deepEqual(types, call.params, name);
  }
  assert.deepEqual([...declared].sort(), callsOf021());
});

test("assembly/exports has all callbacks, as the ABI's table has them", () => {
  const table = { ...callbacks, ...otherExports };
  const exported = new Set<string>();
  for (const file of ["plugin", "http", "connection", "callouts"]) {
    for (const [, name = "", parameters = "", result] of source(`exports/${file}.ts`).matchAll(
      /export function (\w+)\(([^)]*)\): (\w+) /g,
    )) {
      if (name.startsWith("proxy_abi_version_")) continue;
      exported.add(name);
      const callback = table[name as keyof typeof table];
      assert.ok(callback, `${name} is no callback`);
      assert.equal(parameters.match(/:/g)?.length ?? 0, callback.params.length, name);
      assert.equal(result === "void" ? 0 : 1, callback.results.length, name);
    }
  }
  assert.deepEqual([...exported].sort(), Object.keys(callbacks).sort());
});

function callsOf021(): string[] {
  return Object.entries<Hostcall>(hostcalls)
    .filter(([, { versions }]) => versions.includes("0.2.1"))
    .map(([name]) => name)
    .sort();
}
