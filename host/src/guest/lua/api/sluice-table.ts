import {
  type ExpiringData,
  expiringKeyMax,
  expiringTextMax,
  type ExpiringKey,
  type ExpiringValue,
} from "../../shared/expiring-data.ts";
import type { HostFunction, LuaEngine } from "../engine/lua-engine.ts";
import { LuaType } from "../engine/lua-exports.ts";
import type { LuaScript } from "../lua-script.ts";
import type { StreamHandle } from "../stream-handle.ts";
import { LuaTypeId } from "./lua-objects.ts";

/** Where the scripts of one filter keep what they share. */
export interface ScriptSharedData {
  readonly data: ExpiringData;
  readonly namespace: string;
}

const noRoom = "no room in shared memory";

/** The global table `sluice`: what scripts have here and not in Envoy. */
export class SluiceTable {
  readonly #script: LuaScript;
  readonly #engine: LuaEngine;
  readonly #shared: ScriptSharedData;

  constructor(script: LuaScript, shared: ScriptSharedData) {
    this.#script = script;
    this.#engine = script.engine;
    this.#shared = shared;
  }

  install(): void {
    const { api, L } = this.#engine;
    api.lua_createtable(L, 0, 2);
    this.#pushTable({
      get: (state) => this.#get(state),
      set: (state) => this.#set(state),
      add: (state) => this.#add(state),
      increment: (state) => this.#increment(state),
      delete: (state) => this.#delete(state),
    });
    api.lua_setfield(L, -2, this.#engine.cString("shared"));
    const [request] = this.#engine.register([(state) => this.#request(state)]);
    this.#engine.pushFunction(L, request!);
    api.lua_setfield(L, -2, this.#engine.cString("request"));
    api.lua_setglobal(L, this.#engine.cString("sluice"));
  }

  #pushTable(functions: { readonly [name: string]: HostFunction }): void {
    const { api, L } = this.#engine;
    const pointers = this.#engine.register(Object.values(functions));
    api.lua_createtable(L, 0, pointers.length);
    Object.keys(functions).forEach((name, i) => {
      this.#engine.pushFunction(L, pointers[i]!);
      api.lua_setfield(L, -2, this.#engine.cString(name));
    });
  }

  /** `request(handle)`: the table that the stream's hooks have in common. */
  #request(L: number): number {
    const handle = this.#script.objects.check<StreamHandle>(L, 1, LuaTypeId.StreamHandle);
    if (!handle.running) this.#script.objects.dead(L);
    handle.side.requestTable.push(this.#script, L);
    return 1;
  }

  #get(L: number): number {
    const value = this.#shared.data.get(this.#key(L));
    const { api } = this.#engine;
    if (value === undefined) api.lua_pushnil(L);
    else if (typeof value === "string") this.#engine.pushString(L, value);
    else if (typeof value === "number") api.lua_pushnumber(L, value);
    else api.lua_pushboolean(L, value ? 1 : 0);
    return 1;
  }

  #set(L: number): number {
    const key = this.#key(L);
    const outcome = this.#shared.data.set(key, this.#value(L), this.#ttlMs(L));
    return this.#pushOutcome(L, outcome === "done" ? undefined : noRoom);
  }

  #add(L: number): number {
    const key = this.#key(L);
    const outcome = this.#shared.data.add(key, this.#value(L), this.#ttlMs(L));
    if (outcome === "exists") return this.#pushOutcome(L, outcome);
    return this.#pushOutcome(L, outcome === "done" ? undefined : noRoom);
  }

  #increment(L: number): number {
    const { api } = this.#engine;
    const key = this.#key(L);
    const by = api.lua_type(L, 2) > LuaType.Nil ? api.luaL_checknumber(L, 2) : 1;
    const result = this.#shared.data.increment(key, by, this.#ttlMs(L));
    if (result === "text") {
      this.#engine.throwError(L, `the shared value "${key.key}" is not a number`);
    }
    if (typeof result !== "number") return this.#pushOutcome(L, noRoom);
    api.lua_pushnumber(L, result);
    return 1;
  }

  #delete(L: number): number {
    this.#engine.api.lua_pushboolean(L, this.#shared.data.remove(this.#key(L)) ? 1 : 0);
    return 1;
  }

  /** `true`, or nil and why not. */
  #pushOutcome(L: number, problem: string | undefined): number {
    const { api } = this.#engine;
    if (problem === undefined) {
      api.lua_pushboolean(L, 1);
      return 1;
    }
    api.lua_pushnil(L);
    this.#engine.pushString(L, problem);
    return 2;
  }

  #key(L: number): ExpiringKey {
    const key = this.#engine.checkString(L, 1);
    if (key.length > expiringKeyMax) {
      this.#engine.throwError(L, `a shared key has ${expiringKeyMax} bytes at most`);
    }
    return { namespace: this.#shared.namespace, key };
  }

  #value(L: number): ExpiringValue {
    const { api } = this.#engine;
    switch (api.lua_type(L, 2)) {
      case LuaType.Boolean:
        return api.lua_toboolean(L, 2) !== 0;
      case LuaType.Number:
        return api.lua_tonumberx(L, 2, 0);
      case LuaType.String: {
        const text = this.#engine.toString(L, 2)!;
        if (text.length <= expiringTextMax) return text;
        return this.#engine.throwError(L, `a shared text has ${expiringTextMax} bytes at most`);
      }
      default:
        return api.luaL_typeerror(L, 2, this.#engine.cString("string, number or boolean"));
    }
  }

  /** The third argument of all that make values: seconds, here in milliseconds; 0 when absent: for ever. */
  #ttlMs(L: number): number {
    const { api } = this.#engine;
    if (api.lua_type(L, 3) <= LuaType.Nil) return 0;
    const seconds = api.luaL_checknumber(L, 3);
    if (!(seconds > 0)) this.#engine.throwError(L, "a time to live must be greater than 0 seconds");
    return seconds * 1000;
  }
}
