import type { HeaderName } from "../../../common/headers/header-name.ts";
import { invalidName, readFieldName, readFieldValue } from "../../../common/headers/read-field.ts";
import { isValidHeaderValue } from "../../../common/headers/validation.ts";
import type { HeaderMap } from "../../../contracts/headers.ts";
import type { LuaEngine } from "../engine/lua-engine.ts";
import type { HookObjects } from "../hook-objects.ts";
import { nameInMaps } from "./header-name.ts";
import { type HeaderMapKind, inlineNames } from "./inline-names.ts";
import { type LuaObject, type LuaObjects, LuaTypeId, upvalueIndex } from "./lua-objects.ts";
import { type MethodTable, watchedFunction } from "./type-definition.ts";
import { untilNul } from "./values.ts";

/** Who may still change a map, and what else a change means. */
export interface HeaderOwner {
  /** False once the headers have been passed on. */
  readonly headersModifiable: boolean;
  /** Called before each change. */
  beforeHeaderChange(): void;
  /** Where iterators are kept. */
  readonly objects: HookObjects;
}

/** `headers()` and `trailers()`: a header map in the hands of a script. */
export class HeaderObject implements LuaObject {
  readonly type = LuaTypeId.Headers;
  readonly map: HeaderMap;
  readonly owner: HeaderOwner;
  readonly kind: HeaderMapKind;
  /** Trailers may be changed as long as they are there. */
  readonly alwaysModifiable: boolean;
  iterating = false;

  constructor(map: HeaderMap, owner: HeaderOwner, kind: HeaderMapKind, alwaysModifiable = false) {
    this.map = map;
    this.owner = owner;
    this.kind = kind;
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

/** The methods of header objects. */
export class HeaderMethods {
  readonly #engine: LuaEngine;
  readonly #objects: LuaObjects;
  readonly #nextPairPointer: number;

  constructor(engine: LuaEngine, objects: LuaObjects) {
    this.#engine = engine;
    this.#objects = objects;
    this.#nextPairPointer = engine.register([
      watchedFunction(engine, "HeaderMapIterator:next", (L) => this.#nextPair(L)),
    ])[0]!;
  }

  table(): MethodTable {
    return {
      methods: {
        add: (L) => this.#add(L),
        get: (L) => this.#get(L),
        getAtIndex: (L) => this.#getAtIndex(L),
        getNumValues: (L) => this.#getNumValues(L),
        replace: (L) => this.#replace(L),
        remove: (L) => this.#remove(L),
        setHttp1ReasonPhrase: (L) => this.#setReasonPhrase(L),
      },
      metamethods: { __pairs: (L) => this.#pairs(L) },
    };
  }

  #add(L: number): number {
    const headers = this.#changeable(L);
    const name = this.#validName(L);
    const value = this.#value(L, name);
    headers.owner.beforeHeaderChange();
    if (inlineNames[headers.kind].has(name.text)) headers.map.append(name.text, value);
    else headers.map.addNamed(name, value);
    return 0;
  }

  #get(L: number): number {
    const { map } = this.#self(L);
    return this.#pushOptional(L, map.getNamedJoined(this.#name(L)));
  }

  #getAtIndex(L: number): number {
    const values = this.#self(L).map.getAll(this.#name(L).text);
    return this.#pushOptional(L, values[Math.trunc(this.#engine.api.luaL_checknumber(L, 3))]);
  }

  #getNumValues(L: number): number {
    const values = this.#self(L).map.getAll(this.#name(L).text);
    this.#engine.api.lua_pushnumber(L, values.length);
    return 1;
  }

  #replace(L: number): number {
    const headers = this.#changeable(L);
    const name = this.#validName(L);
    const value = this.#value(L, name);
    headers.owner.beforeHeaderChange();
    // As Envoy does: the new entry stands at the end.
    headers.map.removeNamed(name);
    headers.map.addNamed(name, value);
    return 0;
  }

  #remove(L: number): number {
    const headers = this.#changeable(L);
    const name = this.#name(L);
    headers.owner.beforeHeaderChange();
    headers.map.removeNamed(name);
    return 0;
  }

  /** Maps other than that of response headers have one that nobody writes. */
  #setReasonPhrase(L: number): number {
    const headers = this.#self(L);
    const phrase = this.#engine.checkString(L, 2);
    if (!isValidHeaderValue(phrase)) this.#engine.throwError(L, "invalid reason phrase");
    headers.map.reasonPhrase = phrase;
    return 0;
  }

  #pairs(L: number): number {
    const headers = this.#self(L);
    if (headers.iterating) {
      this.#engine.throwError(L, "cannot create a second iterator before completing the first");
    }
    headers.iterating = true;
    headers.owner.objects.keepForSlice(this.#objects.push(L, new HeaderIterator(headers)));
    this.#engine.api.lua_pushcclosure(L, this.#nextPairPointer, 1);
    return 1;
  }

  #nextPair(L: number): number {
    const type = LuaTypeId.HeaderIterator;
    const iterator = this.#objects.check<HeaderIterator>(L, upvalueIndex(1), type);
    if (iterator.next >= iterator.entries.length) {
      iterator.headers.iterating = false;
      return 0;
    }
    this.#engine.pushString(L, iterator.entries[iterator.next]!);
    this.#engine.pushString(L, iterator.entries[iterator.next + 1]!);
    iterator.next += 2;
    return 2;
  }

  #self(L: number): HeaderObject {
    return this.#objects.check(L, 1, LuaTypeId.Headers);
  }

  #changeable(L: number): HeaderObject {
    const headers = this.#self(L);
    if (headers.iterating) {
      this.#engine.throwError(L, "header map cannot be modified while iterating");
    }
    if (!headers.alwaysModifiable && !headers.owner.headersModifiable) {
      this.#engine.throwError(L, "header map can no longer be modified");
    }
    return headers;
  }

  /** The name that the script says; `invalidName`, which no map has, when it cannot be one. */
  #name(L: number): HeaderName {
    const engine = this.#engine;
    engine.findText(L, 2);
    return nameInMaps(readFieldName(engine.memory.bytes, engine.textStart, engine.textEnd));
  }

  /** The name of a new entry. It ends at a NUL, as it does in Envoy. */
  #validName(L: number): HeaderName {
    const name = this.#name(L);
    if (name !== invalidName) return name;
    const text = untilNul(this.#engine.checkString(L, 2).toLowerCase());
    const cut = Buffer.from(text, "latin1");
    const valid = nameInMaps(readFieldName(cut, 0, cut.length));
    if (valid === invalidName) {
      this.#engine.throwError(L, `invalid header name: ${printable(text)}`);
    }
    return valid;
  }

  /** The value of a new entry, which ends at a NUL too. Nothing that cannot stand on the wire passes. */
  #value(L: number, name: HeaderName): string {
    const engine = this.#engine;
    engine.findText(L, 3);
    const value = readFieldValue(engine.memory.bytes, engine.textStart, engine.textEnd);
    if (value !== undefined) return value;
    const cut = untilNul(engine.checkString(L, 3));
    if (!isValidHeaderValue(cut)) engine.throwError(L, `invalid header value for: ${name.text}`);
    return cut;
  }

  /** Pushes the value, or nothing at all: an absent header is "no value", not nil. */
  #pushOptional(L: number, value: string | undefined): number {
    if (value === undefined) return 0;
    this.#engine.pushString(L, value);
    return 1;
  }
}

function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, "?");
}
