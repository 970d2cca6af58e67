import { HeaderId } from "../../../common/headers/header-id.ts";
import { HeaderMapImpl } from "../../../common/headers/header-map.ts";
import type { HeaderMap } from "../../../contracts/headers.ts";
import type { AsyncClientRequest } from "../../../contracts/upstream/async-client.ts";
import type { LuaEngine } from "../engine/lua-engine.ts";
import { LuaType } from "../engine/lua-exports.ts";
import { nameInMaps } from "./header-name.ts";
import { readHeaderTable, type TableHeader } from "./header-table.ts";

/** The options of `httpCall`, positional or from a table. */
export interface HttpCallOptions {
  asynchronous: boolean;
  timeoutMs: number;
  returnDuplicateHeaders: boolean;
  sendXff: boolean;
}

/** What a call has brought; without a body when it is empty. */
export interface HttpCallResult {
  readonly headers: HeaderMap;
  readonly body: Buffer;
}

const optionsIndex = 5;
const flagIndex = 6;
/** What every request has. */
const required = [HeaderId.Path, HeaderId.Method, HeaderId.Authority];

/** The arguments behind the body. Raises an error when they are no options. */
export function readCallOptions(engine: LuaEngine, L: number): HttpCallOptions {
  const { api } = engine;
  const options = {
    asynchronous: false,
    timeoutMs: 0,
    returnDuplicateHeaders: false,
    sendXff: true,
  };
  if (api.lua_type(L, optionsIndex) === LuaType.Table) {
    readOptionsTable(engine, L, options);
    return options;
  }
  const flag = api.lua_type(L, flagIndex);
  if (flag !== LuaType.None && flag !== LuaType.Boolean) {
    engine.throwError(L, "http call asynchronous flag must be 'true', 'false', or empty");
  }
  options.asynchronous = api.lua_toboolean(L, flagIndex) !== 0;
  options.timeoutMs = checkTimeout(engine, L, api.luaL_checknumber(L, optionsIndex));
  return options;
}

function readOptionsTable(engine: LuaEngine, L: number, options: HttpCallOptions): void {
  const { api } = engine;
  api.lua_pushnil(L);
  while (api.lua_next(L, optionsIndex) !== 0) {
    if (api.lua_type(L, -2) !== LuaType.String) {
      engine.throwError(L, "the keys of httpCall() options must be strings");
    }
    const key = engine.toString(L, -2)!;
    const truth = api.lua_toboolean(L, -1) !== 0;
    switch (key) {
      case "asynchronous":
        options.asynchronous = truth;
        break;
      case "timeout_ms":
        options.timeoutMs = checkTimeout(engine, L, api.luaL_checknumber(L, -1));
        break;
      case "return_duplicate_headers":
        options.returnDuplicateHeaders = truth;
        break;
      case "send_xff":
        options.sendXff = truth;
        break;
      case "trace_sampled":
        // There are no traces, so that there is nothing to be sampled.
        break;
      default:
        engine.throwError(L, `"${key}" is not valid key for httpCall() options`);
    }
    engine.pop(L, 1);
  }
}

function checkTimeout(engine: LuaEngine, L: number, ms: number): number {
  if (ms < 0) engine.throwError(L, "http call timeout must be >= 0");
  return Math.trunc(ms);
}

/** The request of the arguments; raises an error when they make none. */
export function readCallRequest(
  engine: LuaEngine,
  L: number,
  options: HttpCallOptions,
): AsyncClientRequest {
  const { api } = engine;
  const headersIndex = 3;
  const bodyIndex = 4;
  const entries = readHeaderTable(engine, L, headersIndex);
  if (typeof entries === "string") return engine.throwError(L, entries);
  const headers = requestHeaders(engine, L, entries);
  for (const id of required) {
    if (headers.hasId(id)) continue;
    engine.throwError(L, "http call headers must include ':path', ':method', and ':authority'");
  }
  const hasBody = api.lua_type(L, bodyIndex) > LuaType.Nil;
  const body = hasBody ? engine.checkBytes(L, bodyIndex) : undefined;
  if (body !== undefined) headers.set("content-length", String(body.length));
  const { timeoutMs, sendXff } = options;
  return { headers, body, trailers: undefined, timeoutMs, sendXff };
}

/** `host` is another name of `:authority`; a pseudo header that is given more than once is joined. */
function requestHeaders(
  engine: LuaEngine,
  L: number,
  entries: readonly TableHeader[],
): HeaderMapImpl {
  const headers = new HeaderMapImpl();
  for (let i = 0; i < entries.length; i += 1) {
    const { name: given, value, problem } = entries[i]!;
    if (problem !== undefined) engine.throwError(L, problem);
    const name = nameInMaps(given);
    if (name.text.startsWith(":") && headers.hasId(name.id)) headers.append(name.text, value);
    else headers.addNamed(name, value);
  }
  return headers;
}

/** Pushes the two results: the headers as a table, the body as a string or nil. */
export function pushCallResult(
  engine: LuaEngine,
  L: number,
  { headers, body }: HttpCallResult,
  returnDuplicateHeaders: boolean,
): number {
  const { api } = engine;
  api.lua_createtable(L, 0, headers.size);
  if (returnDuplicateHeaders) pushAllValues(engine, L, headers);
  else pushLastValues(engine, L, headers);
  if (body.length === 0) api.lua_pushnil(L);
  else engine.pushBytes(L, body);
  return 2;
}

/** A later value of a name takes the place of the one before it. */
function pushLastValues(engine: LuaEngine, L: number, headers: HeaderMap): void {
  for (let i = 0; i < headers.size; i += 1) {
    engine.pushString(L, headers.nameAt(i));
    engine.pushString(L, headers.valueAt(i));
    engine.api.lua_rawset(L, -3);
  }
}

/** Several values of a name become a list. */
function pushAllValues(engine: LuaEngine, L: number, headers: HeaderMap): void {
  const { api } = engine;
  const byName = new Map<string, string[]>();
  for (let i = 0; i < headers.size; i += 1) {
    const values = byName.get(headers.nameAt(i));
    if (values === undefined) byName.set(headers.nameAt(i), [headers.valueAt(i)]);
    else values.push(headers.valueAt(i));
  }
  for (const [name, values] of byName) {
    engine.pushString(L, name);
    if (values.length === 1) engine.pushString(L, values[0]!);
    else {
      api.lua_createtable(L, values.length, 0);
      values.forEach((value, i) => {
        engine.pushString(L, value);
        api.lua_rawseti(L, -2, BigInt(i + 1));
      });
    }
    api.lua_rawset(L, -3);
  }
}
