import { Worker } from "node:worker_threads";
import { moduleUrl } from "../../../common/module-url.ts";
import type { Result } from "../../../contracts/result.ts";
import type { EffectiveLimits } from "../../limits/effective-limits.ts";
import type { LoadedModule } from "../plugin.ts";
import { loadModule } from "./load-module.ts";

/** Smaller modules are rewritten sooner than a thread is started. */
export const asideBytes = 1024 * 1024;

/** What the thread is started with. */
export interface LoadRequest {
  readonly code: Uint8Array;
  readonly limits: EffectiveLimits;
}

/** `loadModule`, in a thread of its own when the module is so large that it would hold this one up. */
export function loadModuleAside(
  code: Uint8Array,
  limits: EffectiveLimits,
): Promise<Result<LoadedModule, string>> {
  if (code.length < asideBytes) return loadModule(code, limits);
  const { promise, resolve } = Promise.withResolvers<Result<LoadedModule, string>>();
  const workerData: LoadRequest = { code, limits };
  const worker = new Worker(moduleUrl("./load-module-thread", import.meta.url), {
    name: "wasm_loader",
    workerData,
  });
  worker.once("message", resolve);
  worker.once("error", (error: Error) => {
    resolve({ ok: false, error: `loading it failed: ${error.message}` });
  });
  worker.once("exit", () => resolve({ ok: false, error: "the thread that loads it has ended" }));
  return promise;
}
