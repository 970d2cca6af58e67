import assert from "node:assert/strict";
import { test } from "node:test";
import { hostcallNames, toolchainImports, wasiFunctions } from "@sluice/abi";
import { vmImports } from "../../../../../host/src/guest/wasm/proxy-wasm/imports.ts";
import { pluginSettings } from "../../../../support/wasm.ts";
import { GuestCalls } from "../../../../support/wasm-calls.ts";

test("vmImports() offers exactly what the ABI's table says", async () => {
  const { vm } = await GuestCalls.create();
  const imports = vmImports(vm);
  assert.deepEqual(
    Object.keys(imports["env"]!).sort(),
    [...hostcallNames, ...Object.keys(toolchainImports)].sort(),
  );
  for (const module of ["wasi_unstable", "wasi_snapshot_preview1"]) {
    assert.deepEqual(Object.keys(imports[module]!).sort(), Object.keys(wasiFunctions).sort());
  }
});

test("vmImports() denies what the capabilities do not allow", async () => {
  const calls = await GuestCalls.create(
    pluginSettings({ vm: { allowedCapabilities: ["proxy_log", "environ_get"] } }),
  );
  calls.inside(() => {
    assert.equal(calls.call("proxy_log", 2, "x"), 0);
    assert.equal(calls.call("environ_get", 8, 16), 0);
    assert.equal(calls.call("proxy_done"), 10);
    assert.equal(calls.call("random_get", 8, 4), 76);
  });
  assert.deepEqual(calls.host.logger.take(), [
    "info wasm log plugin: x",
    "error Attempted call to restricted proxy-wasm capability: proxy_done",
    "error Attempted call to restricted WASI capability: random_get",
  ]);
});

test("AssemblyScript's abort logs message and place, and traps", async () => {
  const calls = await GuestCalls.create();
  const [pointer] = calls.put("\x08\0\0\0o\0o\0p\0s\0");
  calls.vm.call1(
    calls.context,
    { name: "callback", run: () => calls.call("abort", pointer + 4, 0, 3, 7) },
    1,
  );
  assert.match(calls.vm.failure!, /abort: oops at :3:7/);
  assert.match(calls.host.logger.take()[0]!, /^critical wasm log plugin: abort: oops at :3:7$/);
});
