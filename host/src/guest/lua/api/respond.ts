import { isValidHeaderValue } from "../../../common/headers/validation.ts";
import { isScriptHeaderName } from "./header-name.ts";
import type { LuaEngine } from "../engine/lua-engine.ts";
import { LuaType } from "../engine/lua-exports.ts";

/** The headers of `respond`, `:status` apart. */
export interface RespondHeaders {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
}

const badStatus = ":status must be between 200-599";

/**
 * Reads the table at `index`: names to a string or number, or to a list of them. The text of the error when it is
 * not fit for a response.
 */
export function readRespondHeaders(
  engine: LuaEngine,
  L: number,
  index: number,
): RespondHeaders | string {
  const entries = readHeaderTable(engine, L, index);
  if (typeof entries === "string") return entries;
  const headers: [string, string][] = [];
  let status = 0;
  for (const [key, value] of entries) {
    const name = key.toLowerCase();
    if (name === ":status") {
      status = Number(value);
      continue;
    }
    if (!isScriptHeaderName(name)) return `invalid header name: ${name}`;
    if (!isValidHeaderValue(value)) return `invalid header value for: ${name}`;
    headers.push([name, value]);
  }
  const valid = Number.isInteger(status) && status >= 200 && status <= 599;
  return valid ? { status, headers } : badStatus;
}

/** Names and values of a table whose values are strings, numbers, or lists of them; else the text of the error. */
export function readHeaderTable(
  engine: LuaEngine,
  L: number,
  index: number,
): [string, string][] | string {
  const { api } = engine;
  if (api.lua_type(L, index) !== LuaType.Table) {
    return api.luaL_typeerror(L, index, engine.cString("table"));
  }
  const entries: [string, string][] = [];
  api.lua_pushnil(L);
  while (api.lua_next(L, index) !== 0) {
    if (api.lua_type(L, -2) !== LuaType.String) return "header names must be strings";
    const name = engine.toString(L, -2)!;
    const error = readValues(engine, L, name, entries);
    if (error !== undefined) return error;
    engine.pop(L, 1);
  }
  return entries;
}

/** Adds the value on top of the stack, or each of the list there. */
function readValues(
  engine: LuaEngine,
  L: number,
  name: string,
  entries: [string, string][],
): string | undefined {
  const { api } = engine;
  if (api.lua_type(L, -1) !== LuaType.Table) return readValue(engine, L, name, entries);
  const list = api.lua_gettop(L);
  api.lua_pushnil(L);
  while (api.lua_next(L, list) !== 0) {
    const error = readValue(engine, L, name, entries);
    if (error !== undefined) return error;
    engine.pop(L, 1);
  }
  return undefined;
}

function readValue(
  engine: LuaEngine,
  L: number,
  name: string,
  entries: [string, string][],
): string | undefined {
  const value = engine.toString(L, -1);
  if (value === undefined) return `the value of header ${name} must be a string or a number`;
  entries.push([name, value]);
  return undefined;
}
