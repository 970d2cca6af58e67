import type { HeaderMap } from "../../../contracts/headers.ts";
import type { LuaEngine } from "../engine/lua-engine.ts";
import { isHeaderName, isHeaderValue } from "../../../common/headers/validation.ts";
import { type LuaObject, type LuaObjects, LuaTypeId, upvalueIndex } from "./lua-objects.ts";
import type { MethodTable } from "./type-definition.ts";

/** Who may still change a map, and what else a change means. */
export interface HeaderOwner {
  /** False once the headers have been passed on. */
  readonly headersModifiable: boolean;
  /** Called before each change. */
  beforeHeaderChange(): void;
  /** Keeps a slot until the script leaves the stretch it runs in. */
  keepForSlice(slot: number): void;
}

/** `headers()` and `trailers()`: a header map in the hands of a script. */
export class HeaderObject implements LuaObject {
  readonly type = LuaTypeId.Headers;
  readonly map: HeaderMap;
  readonly owner: HeaderOwner;
  /** Trailers may be changed as long as they are there. */
  readonly alwaysModifiable: boolean;
  iterating = false;

  constructor(map: HeaderMap, owner: HeaderOwner, alwaysModifiable: boolean) {
    this.map = map;
    this.owner = owner;
    this.alwaysModifiable = alwaysModifiable;
  }
}

/** The state of one `pairs(headers)`: a snapshot. */
class HeaderIterator implements LuaObject {
  readonly type = LuaTypeId.HeaderIterator;
  readonly headers: HeaderObject;
  readonly entries: readonly string[];
  next = 0;

  constructor(headers: HeaderObject) {
    this.headers = headers;
    const entries: string[] = [];
    for (let i = 0; i < headers.map.size; i += 1) {
      entries.push(headers.map.nameAt(i), headers.map.valueAt(i));
    }
    this.entries = entries;
  }
}

/** Names of which Envoy keeps one entry: `add` extends it with a comma. */
const inlineNames = new Set(
  (
    ":path :method :authority :scheme :status x-forwarded-for user-agent content-type content-length " +
    "x-request-id via te upgrade connection expect grpc-timeout accept referer authorization location server date"
  ).split(" "),
);

export function headerMethods(engine: LuaEngine, objects: LuaObjects): MethodTable {
  const self = (L: number): HeaderObject => objects.check(L, 1, LuaTypeId.Headers);
  const changeable = (L: number): HeaderObject => {
    const headers = self(L);
    if (headers.iterating) engine.throwError(L, "header map cannot be modified while iterating");
    if (!headers.alwaysModifiable && !headers.owner.headersModifiable) {
      engine.throwError(L, "header map can no longer be modified");
    }
    return headers;
  };
  const name = (L: number): string => alias(engine.checkString(L, 2).toLowerCase());

  /** The checked name and value of `add` and `replace`: nothing that cannot stand on the wire passes. */
  const entry = (L: number): { name: string; value: string } => {
    const key = name(L);
    const value = engine.checkString(L, 3);
    if (!isHeaderName(key)) engine.throwError(L, `invalid header name: ${printable(key)}`);
    if (!isHeaderValue(value)) engine.throwError(L, `invalid header value for: ${key}`);
    return { name: key, value };
  };

  const nextPair = (L: number): number => {
    const iterator = objects.check<HeaderIterator>(L, upvalueIndex(1), LuaTypeId.HeaderIterator);
    if (iterator.next >= iterator.entries.length) {
      iterator.headers.iterating = false;
      return 0;
    }
    engine.pushString(L, iterator.entries[iterator.next]!);
    engine.pushString(L, iterator.entries[iterator.next + 1]!);
    iterator.next += 2;
    return 2;
  };
  const [nextPairPointer] = engine.register([nextPair]);

  return {
    methods: {
      add: (L) => {
        const headers = changeable(L);
        const { name: key, value } = entry(L);
        headers.owner.beforeHeaderChange();
        if (inlineNames.has(key)) headers.map.append(key, value);
        else headers.map.add(key, value);
        return 0;
      },
      get: (L) => pushOptional(engine, L, self(L).map.getJoined(name(L))),
      getAtIndex: (L) => {
        const values = self(L).map.getAll(name(L));
        return pushOptional(engine, L, values[Math.trunc(engine.api.luaL_checknumber(L, 3))]);
      },
      getNumValues: (L) => {
        engine.api.lua_pushnumber(L, self(L).map.getAll(name(L)).length);
        return 1;
      },
      replace: (L) => {
        const headers = changeable(L);
        const { name: key, value } = entry(L);
        headers.owner.beforeHeaderChange();
        headers.map.set(key, value);
        return 0;
      },
      remove: (L) => {
        const headers = changeable(L);
        const key = name(L);
        headers.owner.beforeHeaderChange();
        headers.map.remove(key);
        return 0;
      },
    },
    metamethods: {
      __pairs: (L) => {
        const headers = self(L);
        if (headers.iterating) {
          engine.throwError(L, "cannot create a second iterator before completing the first");
        }
        headers.iterating = true;
        headers.owner.keepForSlice(objects.push(L, new HeaderIterator(headers)));
        engine.api.lua_pushcclosure(L, nextPairPointer!, 1);
        return 1;
      },
    },
    unsupported: ["setHttp1ReasonPhrase"],
  };
}

/** Envoy keeps Host as `:authority`. */
function alias(name: string): string {
  return name === "host" ? ":authority" : name;
}

/** Pushes the value, or nothing at all: an absent header is "no value", not nil. */
function pushOptional(engine: LuaEngine, L: number, value: string | undefined): number {
  if (value === undefined) return 0;
  engine.pushString(L, value);
  return 1;
}

function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, "?");
}
