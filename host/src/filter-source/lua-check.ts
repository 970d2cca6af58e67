import { createEpochMemory } from "../guest/limits/epoch.ts";
import { memoryBytesDefault } from "../guest/limits/defaults.ts";
import { LuaEngine } from "../guest/lua/engine/lua-engine.ts";
import { StateQuota } from "../guest/lua/engine/state-quota.ts";
import { loadLuaModule } from "../guest/lua/lua-module.ts";

/** Compiles Lua scripts without running them, to say where one is wrong. */
export class LuaCheck {
  readonly #engine: LuaEngine;

  constructor() {
    const module = loadLuaModule(memoryBytesDefault);
    if (!module.ok) throw new Error(module.error);
    this.#engine = new LuaEngine({
      module: module.value,
      epoch: createEpochMemory(),
      print: () => undefined,
      quota: new StateQuota(),
    });
  }

  /** `file:line:col: what`, followed by the line itself; undefined when the script compiles. */
  problem(file: string, source: Buffer): string | undefined {
    const error = this.#engine.load(source, `@${file}`);
    if (error === undefined) {
      this.#engine.pop(this.#engine.L, 1);
      return undefined;
    }
    const found = /:(\d+): (.*)$/s.exec(error);
    if (found === null) return `${file}:1:1: ${error}`;
    const line = Number(found[1]);
    const text = source.toString("utf8").split("\n")[line - 1] ?? "";
    const token = /near '?(.*?)'?$/.exec(found[2]!)?.[1] ?? "";
    // Lua tells the line and the token where it stopped; the column is that token's last place in the line.
    const column = token === "<eof>" ? text.length + 1 : Math.max(1, text.lastIndexOf(token) + 1);
    return `${file}:${line}:${column}: ${found[2]}\n    ${text.trim()}`;
  }
}
