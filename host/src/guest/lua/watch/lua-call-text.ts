import type { CallTrace } from "../../watch/guest-trace.ts";
import { oneLine, quoted } from "../../watch/trace-text.ts";
import { waitResult } from "../engine/host-functions.ts";
import type { LuaEngine } from "../engine/lua-engine.ts";
import { LuaType } from "../engine/lua-exports.ts";

/** Entries of a table that are shown. */
const entriesMax = 16;

/** Methods whose first argument names what the next argument or the result is. */
const keyed = /:(get|getAtIndex|getNumValues|add|replace|remove|set)$/;

/** Makes the calls of a script readable: what stands on the stack before and after. Nothing there is changed. */
export class LuaCallText {
  readonly #engine: LuaEngine;
  readonly #trace: CallTrace;
  #key = "";

  constructor(engine: LuaEngine, trace: CallTrace) {
    this.#engine = engine;
    this.#trace = trace;
  }

  /** `HeaderMap:get("accept")`; the object itself, which is the first argument, is left out. */
  call(L: number, name: string): string {
    const { api } = this.#engine;
    const top = api.lua_gettop(L);
    const parts: string[] = [];
    for (let i = 2; i <= top; i += 1) {
      parts.push(this.#value(L, i, i > 2 ? this.#key : ""));
      if (i === 2 && keyed.test(name) && api.lua_type(L, i) === LuaType.String) {
        this.#key = this.#engine.toString(L, i) ?? "";
      }
    }
    return `${name}(${parts.join(", ")})`;
  }

  /** The values that a method left on top of the stack. */
  results(L: number, name: string, count: number): string {
    if (count === waitResult) return "waits";
    if (count === 0) return "nothing";
    const { api } = this.#engine;
    const top = api.lua_gettop(L);
    const parts: string[] = [];
    let key = this.#key;
    for (let i = top - count + 1; i <= top; i += 1) {
      parts.push(this.#value(L, i, key));
      // Iterators give a name and a value.
      if (name.endsWith("Iterator:next") && api.lua_type(L, i) === LuaType.String) {
        key = this.#engine.toString(L, i) ?? "";
      }
    }
    return parts.join(", ");
  }

  /** The message that an error has left on top of the stack. */
  error(L: number): string {
    const { api } = this.#engine;
    const top = api.lua_gettop(L);
    const text = top > 0 ? (this.#engine.toString(L, top) ?? "") : "";
    return oneLine(this.#trace.redactor.text(text));
  }

  #value(L: number, index: number, key: string): string {
    const { api } = this.#engine;
    switch (api.lua_type(L, index)) {
      case LuaType.Nil:
        return "nil";
      case LuaType.Boolean:
        return api.lua_toboolean(L, index) === 0 ? "false" : "true";
      case LuaType.Number:
        return String(api.lua_tonumberx(L, index, 0));
      case LuaType.String:
        return this.#text(this.#engine.toString(L, index) ?? "", key);
      case LuaType.Table:
        return this.#table(L, index);
      case LuaType.Function:
        return "function";
      default:
        return "object";
    }
  }

  #text(text: string, key: string): string {
    const { redactor, maxTextBytes } = this.#trace;
    return quoted(redactor.value(key, text), maxTextBytes, text.length);
  }

  /** Entries whose keys and values are no tables themselves. */
  #table(L: number, index: number): string {
    const { api } = this.#engine;
    const parts: string[] = [];
    const top = api.lua_gettop(L);
    if (api.lua_checkstack(L, 4) === 0) return "{…}";
    api.lua_pushnil(L);
    while (api.lua_next(L, index) !== 0) {
      if (parts.length === entriesMax) {
        parts.push("…");
        break;
      }
      const isText = api.lua_type(L, -2) === LuaType.String;
      const key = isText ? (this.#engine.toString(L, -2) ?? "") : "";
      const nested = api.lua_type(L, -1) === LuaType.Table;
      const value = nested ? "{…}" : this.#value(L, -1, key);
      parts.push(isText ? `${quoted(key, this.#trace.maxTextBytes)}: ${value}` : value);
      this.#engine.pop(L, 1);
    }
    api.lua_settop(L, top);
    return `{${parts.join(", ")}}`;
  }
}
