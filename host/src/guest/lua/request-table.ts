import { registryIndex } from "./engine/lua-exports.ts";
import type { LuaScript } from "./lua-script.ts";

/**
 * The table that the hooks of one stream have in common. A script whose route has changed in between, or whose state
 * was lost, gets a new one.
 */
export class RequestTable {
  #script: LuaScript | undefined = undefined;
  #reference = 0;

  /** Pushes it; makes it first when there is none in this state. */
  push(script: LuaScript, L: number): void {
    const { api } = script.engine;
    if (this.#script === script) {
      api.lua_rawgeti(L, registryIndex, BigInt(this.#reference));
      return;
    }
    this.release();
    api.lua_createtable(L, 0, 0);
    api.lua_pushvalue(L, -1);
    this.#reference = script.engine.reference(L);
    this.#script = script;
  }

  /** The stream is over. */
  release(): void {
    const script = this.#script;
    this.#script = undefined;
    if (script === undefined || script.trapReason !== "") return;
    script.engine.api.luaL_unref(script.engine.L, registryIndex, this.#reference);
  }
}
