import { HeaderMapImpl } from "../../../common/headers/header-map.ts";
import { isValidHeaderValue } from "../../../common/headers/validation.ts";
import type { HeaderMap } from "../../../contracts/headers.ts";
import type { AsyncClientRequest } from "../../../contracts/upstream/async-client.ts";
import type { LuaEngine } from "../engine/lua-engine.ts";
import { LuaType } from "../engine/lua-exports.ts";
import { isScriptHeaderName } from "./header-name.ts";
import { readHeaderTable } from "./respond.ts";

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
  if (!headers.has(":path") || !headers.has(":method") || !headers.has(":authority")) {
    engine.throwError(L, "http call headers must include ':path', ':method', and ':authority'");
  }
  const hasBody = api.lua_type(L, bodyIndex) > LuaType.Nil;
  const body = hasBody ? engine.checkBytes(L, bodyIndex) : undefined;
  if (body !== undefined) headers.set("content-length", String(body.length));
  const { timeoutMs, sendXff } = options;
  return { headers, body, trailers: undefined, timeoutMs, sendXff };
}

/** Pseudo headers first; `host` is another name of `:authority`. */
function requestHeaders(
  engine: LuaEngine,
  L: number,
  entries: readonly (readonly [string, string])[],
): HeaderMap {
  const headers = new HeaderMapImpl();
  for (const pseudo of [true, false]) {
    for (const [key, value] of entries) {
      const name = key.toLowerCase() === "host" ? ":authority" : key.toLowerCase();
      if (name.startsWith(":") !== pseudo) continue;
      if (!isScriptHeaderName(name)) engine.throwError(L, `invalid header name: ${name}`);
      if (!isValidHeaderValue(value)) engine.throwError(L, `invalid header value for: ${name}`);
      if (pseudo) headers.append(name, value);
      else headers.add(name, value);
    }
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
  const byName = new Map<string, string[]>();
  for (let i = 0; i < headers.size; i += 1) {
    const values = byName.get(headers.nameAt(i));
    if (values === undefined) byName.set(headers.nameAt(i), [headers.valueAt(i)]);
    else values.push(headers.valueAt(i));
  }
  api.lua_createtable(L, 0, byName.size);
  for (const [name, values] of byName) {
    engine.pushString(L, name);
    if (returnDuplicateHeaders && values.length > 1) {
      api.lua_createtable(L, values.length, 0);
      values.forEach((value, i) => {
        engine.pushString(L, value);
        api.lua_rawseti(L, -2, BigInt(i + 1));
      });
    } else {
      engine.pushString(L, values.at(-1)!);
    }
    api.lua_rawset(L, -3);
  }
  if (body.length === 0) api.lua_pushnil(L);
  else engine.pushBytes(L, body);
  return 2;
}
