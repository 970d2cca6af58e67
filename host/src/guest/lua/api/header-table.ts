import type { HeaderName } from "../../../common/headers/header-name.ts";
import { invalidName, readFieldName, readFieldValue } from "../../../common/headers/read-field.ts";
import type { LuaEngine } from "../engine/lua-engine.ts";
import { LuaType } from "../engine/lua-exports.ts";

/** A header that a script gives in a table. */
export interface TableHeader {
  readonly name: HeaderName;
  readonly value: string;
  /** Why it may not stand in a message; undefined: it may. */
  readonly problem: string | undefined;
}

/** Names and values of a table whose values are strings, numbers, or lists of them; else the text of the error. */
export function readHeaderTable(
  engine: LuaEngine,
  L: number,
  index: number,
): TableHeader[] | string {
  const { api } = engine;
  if (api.lua_type(L, index) !== LuaType.Table) {
    return api.luaL_typeerror(L, index, engine.cString("table"));
  }
  const headers: TableHeader[] = [];
  api.lua_pushnil(L);
  while (api.lua_next(L, index) !== 0) {
    if (api.lua_type(L, -2) !== LuaType.String) return "header names must be strings";
    engine.locateText(L, -2);
    const name = readFieldName(engine.memory.bytes, engine.textStart, engine.textEnd);
    const problem =
      name === invalidName
        ? `invalid header name: ${engine.toString(L, -2)!.toLowerCase()}`
        : undefined;
    if (!readValues(engine, L, { name, problem }, headers)) {
      return `the value of header ${engine.toString(L, -2)!} must be a string or a number`;
    }
    engine.pop(L, 1);
  }
  return headers;
}

type NamedProblem = Pick<TableHeader, "name" | "problem">;

/** Adds the value on top of the stack, or each of the list there; false when one is neither string nor number. */
function readValues(
  engine: LuaEngine,
  L: number,
  named: NamedProblem,
  headers: TableHeader[],
): boolean {
  const { api } = engine;
  if (api.lua_type(L, -1) !== LuaType.Table) return readValue(engine, L, named, headers);
  const list = api.lua_gettop(L);
  api.lua_pushnil(L);
  while (api.lua_next(L, list) !== 0) {
    if (!readValue(engine, L, named, headers)) {
      engine.pop(L, 2);
      return false;
    }
    engine.pop(L, 1);
  }
  return true;
}

function readValue(
  engine: LuaEngine,
  L: number,
  { name, problem }: NamedProblem,
  headers: TableHeader[],
): boolean {
  if (!engine.locateText(L, -1)) return false;
  const value = readFieldValue(engine.memory.bytes, engine.textStart, engine.textEnd);
  const invalid = value === undefined ? `invalid header value for: ${name.text}` : undefined;
  headers.push({ name, value: value ?? "", problem: problem ?? invalid });
  return true;
}
