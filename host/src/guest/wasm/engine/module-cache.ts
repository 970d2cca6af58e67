import { createHash } from "node:crypto";
import type { Result } from "../../../contracts/result.ts";
import type { EffectiveLimits } from "../../limits/effective-limits.ts";
import type { LoadedModule } from "../plugin.ts";
import { ModuleLoader } from "./load-module-aside.ts";

/** Modules that are kept compiled: the ones of the last few versions of a few plugins. */
const modulesMax = 16;

/**
 * Compiled modules by content and limit, on the main thread: a configuration that is pushed again, or that changes
 * around its code, compiles nothing.
 */
export class ModuleCache {
  readonly #loader = new ModuleLoader();
  readonly #modules = new Map<string, Promise<Result<LoadedModule, string>>>();

  load(code: Uint8Array, limits: EffectiveLimits): Promise<Result<LoadedModule, string>> {
    const sha256 = createHash("sha256").update(code).digest("hex");
    const counting = limits.instructions !== undefined;
    const key = `${sha256} ${limits.memoryBytes} ${counting} ${limits.lenientImports} ${JSON.stringify(limits.module)}`;
    const known = this.#modules.get(key);
    const loading = known ?? this.#loader.load(code, limits);
    // Put last, where the ones used most recently stand.
    this.#modules.delete(key);
    this.#modules.set(key, loading);
    if (this.#modules.size > modulesMax) {
      this.#modules.delete(this.#modules.keys().next().value!);
    }
    return loading;
  }
}
