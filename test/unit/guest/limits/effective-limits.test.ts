import assert from "node:assert/strict";
import { test } from "node:test";
import type { GuestLimits } from "../../../../host/src/contracts/config/guests.ts";
import { limitsFor } from "../../../../host/src/guest/limits/effective-limits.ts";

const nothing: GuestLimits = {
  cpuTimePerCallbackMs: undefined,
  cpuTimePerConfigureMs: undefined,
  maxMemoryBytes: undefined,
  maxModuleBytes: undefined,
  maxFunctionBodyBytes: undefined,
  maxFunctions: undefined,
};

test("limitsFor() gives the defaults where nothing is configured", () => {
  const limits = limitsFor({ defaultLimits: nothing, byName: new Map() }, "p");
  assert.deepEqual(
    [limits.callbackMs, limits.configureMs, limits.memoryBytes, limits.module.moduleBytes],
    [10, 1000, 67_108_864, 16_777_216],
  );
});

test("limitsFor() takes the first name that has an entry, else the configured default", () => {
  const config = {
    defaultLimits: { ...nothing, cpuTimePerCallbackMs: 20 },
    byName: new Map([
      ["plugin", { ...nothing, cpuTimePerCallbackMs: 30, maxFunctions: 7 }],
      ["filter", { ...nothing, cpuTimePerCallbackMs: 40 }],
    ]),
  };
  assert.equal(limitsFor(config, "plugin", "filter").callbackMs, 30);
  assert.equal(limitsFor(config, "plugin", "filter").module.counts.functions, 7);
  assert.equal(limitsFor(config, "other", "filter").callbackMs, 40);
  assert.equal(limitsFor(config, "other").callbackMs, 20);
});
