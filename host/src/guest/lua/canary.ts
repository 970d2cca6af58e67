import type { Result } from "../../contracts/result.ts";
import { LuaScript } from "./lua-script.ts";
import type { LuaScriptConfig, LuaScriptEnvironment } from "./script-config.ts";
import { ModuleFiles } from "./script-modules.ts";
import { ScriptLoadError } from "./script-start.ts";

/** Scripts whose compiled form is kept for others of the same text. */
const compiledMax = 64;

/** On the main thread: tries scripts before they are pushed to workers, and compiles each text once. */
export class LuaCanary {
  /** By what makes compiled forms differ; the least recently used first. */
  readonly #chunks = new Map<string, Uint8Array>();

  /**
   * Loads the script in a state that is thrown away, and gives it back with its compiled form and the modules that it
   * has read. The error is for the operator.
   */
  try(
    config: LuaScriptConfig,
    environment: LuaScriptEnvironment,
    canaryMs: number,
  ): Result<LuaScriptConfig, string> {
    const key = `${config.options.dialect} ${Buffer.from(config.source).latin1Slice()}`;
    const known = this.#chunks.get(key);
    try {
      const files = new ModuleFiles(config.modules);
      const modules = config.options.profile === "envoy-compatible" ? files : undefined;
      const script = new LuaScript(
        { ...config, chunk: known },
        { ...environment, modules },
        canaryMs,
      );
      const chunk = known ?? shared(script.dumpMainChunk());
      script.run(canaryMs);
      script.engine.release();
      this.#keep(key, chunk);
      return { ok: true, value: { ...config, chunk, modules: files.modules } };
    } catch (error) {
      if (error instanceof ScriptLoadError) return { ok: false, error: error.message };
      throw error;
    }
  }

  #keep(key: string, chunk: Uint8Array): void {
    this.#chunks.delete(key);
    this.#chunks.set(key, chunk);
    if (this.#chunks.size <= compiledMax) return;
    for (const oldest of this.#chunks.keys()) {
      this.#chunks.delete(oldest);
      return;
    }
  }
}

function shared(bytes: Buffer): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}
