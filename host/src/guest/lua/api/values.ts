import { isUtf8 } from "node:buffer";
import type { JsonValue } from "../../../contracts/stream-info.ts";
import type { LuaEngine } from "../engine/lua-engine.ts";
import { LuaType } from "../engine/lua-exports.ts";

/** A struct, as metadata holds it by namespace. */
export interface Struct {
  readonly [key: string]: JsonValue;
}

/** Deepest nesting of a table, and longest list, that becomes a value. */
const nestingMax = 64;
const listMax = 65_536;

/** Pushes a value: lists become tables from 1, null becomes nil. */
export function pushValue(engine: LuaEngine, L: number, value: JsonValue): void {
  const { api } = engine;
  if (value === null) api.lua_pushnil(L);
  else if (typeof value === "boolean") api.lua_pushboolean(L, value ? 1 : 0);
  else if (typeof value === "number") api.lua_pushnumber(L, value);
  else if (typeof value === "string") engine.pushString(L, bytesOfText(value));
  else if (Array.isArray(value)) pushList(engine, L, value);
  else pushStruct(engine, L, value);
}

function pushList(engine: LuaEngine, L: number, list: readonly JsonValue[]): void {
  engine.api.lua_checkstack(L, 4);
  engine.api.lua_createtable(L, list.length, 0);
  list.forEach((element, i) => {
    pushValue(engine, L, element);
    engine.api.lua_rawseti(L, -2, BigInt(i + 1));
  });
}

export function pushStruct(engine: LuaEngine, L: number, struct: Struct): void {
  engine.api.lua_checkstack(L, 4);
  engine.api.lua_createtable(L, 0, 0);
  for (const [key, value] of Object.entries(struct)) {
    engine.pushString(L, bytesOfText(key));
    pushValue(engine, L, value);
    engine.api.lua_rawset(L, -3);
  }
}

/** The value at `index` (counted from the bottom) for dynamic metadata; raises an error when it cannot be one. */
export function readValue(engine: LuaEngine, L: number, index: number, depth = 0): JsonValue {
  const { api } = engine;
  switch (api.lua_type(L, index)) {
    case LuaType.None:
    case LuaType.Nil:
      return null;
    case LuaType.Boolean:
      return api.lua_toboolean(L, index) !== 0;
    case LuaType.Number:
      return api.lua_tonumberx(L, index, 0);
    case LuaType.String:
      return textOfBytes(untilNul(engine.toString(L, index)!));
    case LuaType.Table:
      return readTable(engine, L, index, depth + 1);
    default: {
      const type = typeNames[api.lua_type(L, index)] ?? "no value";
      return engine.throwError(L, `unexpected type '${type}' in dynamicMetadata`);
    }
  }
}

/** Names of Lua's types that cannot be a value. */
const typeNames: { readonly [type: number]: string } = {
  [LuaType.LightUserdata]: "userdata",
  [LuaType.Function]: "function",
  [LuaType.Userdata]: "userdata",
  [LuaType.Thread]: "thread",
};

/** A list when all keys are positive whole numbers and there is one; else a struct. */
function readTable(engine: LuaEngine, L: number, index: number, depth: number): JsonValue {
  if (depth > nestingMax) engine.throwError(L, "dynamicMetadata: tables are nested too deeply");
  const { api } = engine;
  api.lua_checkstack(L, 4);
  const length = listLength(engine, L, index);
  const list: JsonValue[] = Array.from({ length }, () => null);
  const struct: { [key: string]: JsonValue } = {};
  api.lua_pushnil(L);
  while (api.lua_next(L, index) !== 0) {
    const value = readValue(engine, L, api.lua_gettop(L), depth);
    if (length > 0) list[api.lua_tonumberx(L, -2, 0) - 1] = value;
    else struct[readKey(engine, L)] = value;
    engine.pop(L, 1);
  }
  return length > 0 ? list : struct;
}

function readKey(engine: LuaEngine, L: number): string {
  const type = engine.api.lua_type(L, -2);
  if (type !== LuaType.String) {
    const name = type === LuaType.Number ? "number" : (typeNames[type] ?? "boolean");
    engine.throwError(L, `unexpected type ${name} in table key (only string keys are supported)`);
  }
  return textOfBytes(untilNul(engine.toString(L, -2)!));
}

/** The largest key of a table that is a list; 0 for any other. */
function listLength(engine: LuaEngine, L: number, index: number): number {
  const { api } = engine;
  let length = 0;
  api.lua_pushnil(L);
  while (api.lua_next(L, index) !== 0) {
    engine.pop(L, 1);
    const key = api.lua_type(L, -1) === LuaType.Number ? api.lua_tonumberx(L, -1, 0) : 0;
    if (!Number.isInteger(key) || key < 1) {
      engine.pop(L, 1);
      return 0;
    }
    length = Math.max(length, key);
  }
  if (length > listMax) engine.throwError(L, "dynamicMetadata: a list is too long");
  return length;
}

/** The text as a C string has it. */
export function untilNul(bytes: string): string {
  const end = bytes.indexOf("\0");
  return end < 0 ? bytes : bytes.slice(0, end);
}

/** Text as protobuf has it, as the bytes that a script sees: one character per byte. */
export function bytesOfText(text: string): string {
  // oxlint-disable-next-line no-control-regex -- what is ASCII is the same either way
  if (/^[\x00-\x7f]*$/.test(text)) return text;
  if (/[\udc80-\udcff]/.test(text) && !/[\ud800-\udbff]/.test(text)) {
    return text.replaceAll(/[\udc80-\udcff]/g, (c) =>
      String.fromCharCode(c.charCodeAt(0) - 0xdc00),
    );
  }
  return Buffer.from(text).latin1Slice();
}

/** The other way. Bytes that are no UTF-8 become lone surrogates, so that they come back as they were. */
function textOfBytes(bytes: string): string {
  const buffer = Buffer.from(bytes, "latin1");
  if (isUtf8(buffer)) return buffer.toString();
  return bytes.replaceAll(/[\x80-\xff]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 0xdc00));
}
