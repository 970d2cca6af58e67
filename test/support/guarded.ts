import assert from "node:assert/strict";
import { claimEpochMemory, createEpochMemory } from "../../host/src/guest/limits/epoch.ts";
import { GuestBudget } from "../../host/src/guest/limits/guest-budget.ts";
import { instantiateLimited } from "../../host/src/guest/limits/instance.ts";
import {
  type RewriteOptions,
  rewriteModule,
  type RewrittenModule,
} from "../../host/src/guest/limits/rewriter.ts";
import { fuelExport, startExport } from "../../host/src/guest/limits/state-exports.ts";

/** This thread's epoch memory and budget, as a worker has them. */
export function ownBudget(): { epoch: WebAssembly.Memory; budget: GuestBudget } {
  const epoch = createEpochMemory();
  claimEpochMemory(epoch);
  return { epoch, budget: new GuestBudget(epoch) };
}

/** The rewritten module; fails the test when it is refused. */
export function rewritten(
  bytes: Uint8Array<ArrayBuffer>,
  options?: RewriteOptions,
): RewrittenModule {
  const result = rewriteModule(bytes, options);
  assert.ok(result.ok, result.ok ? "" : result.error);
  return result.value;
}

/** Instantiates a module behind the limits; its exports, untyped. */
export function limitedExports(
  bytes: Uint8Array<ArrayBuffer>,
  epoch: WebAssembly.Memory,
  imports: WebAssembly.Imports = {},
  options?: RewriteOptions,
): Record<string, (...args: unknown[]) => unknown> {
  const { bytes: limited, memory } = rewritten(bytes, options);
  const module = new WebAssembly.Module(limited);
  const { instance } = instantiateLimited({ module, memory }, imports, epoch);
  const fuel = instance.exports[fuelExport];
  if (fuel !== undefined) (fuel as WebAssembly.Global).value = 1n << 62n;
  const start = instance.exports[startExport];
  if (start !== undefined) (start as () => void)();
  return instance.exports as Record<string, (...args: unknown[]) => unknown>;
}
