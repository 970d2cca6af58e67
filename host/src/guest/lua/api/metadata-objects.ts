import type { JsonValue, StreamInfo } from "../../../contracts/stream-info.ts";
import type { LuaEngine } from "../engine/lua-engine.ts";
import type { HookObjects } from "../hook-objects.ts";
import { type LuaObject, type LuaObjects, LuaTypeId, upvalueIndex } from "./lua-objects.ts";
import type { MethodTable } from "./type-definition.ts";
import { bytesOfText, pushStruct, pushValue, readValue, type Struct } from "./values.ts";

/** A struct to be read: of a route, a virtual host or the filter's context. */
export class MetadataObject implements LuaObject {
  readonly type = LuaTypeId.Metadata;
  readonly owner: HookObjects;
  readonly struct: Struct;
  iterating = false;

  constructor(owner: HookObjects, struct: Struct) {
    this.owner = owner;
    this.struct = struct;
  }
}

/** Dynamic metadata of a stream, or of its connection, which is only read. */
export class DynamicMetadataObject implements LuaObject {
  readonly type: LuaTypeId;
  readonly owner: HookObjects;
  readonly info: Pick<StreamInfo, "dynamicMetadata"> | undefined;
  iterating = false;

  constructor(
    owner: HookObjects,
    info: Pick<StreamInfo, "dynamicMetadata"> | undefined,
    readOnly: boolean,
  ) {
    this.type = readOnly ? LuaTypeId.ConnectionDynamicMetadata : LuaTypeId.DynamicMetadata;
    this.owner = owner;
    this.info = info;
  }
}

/** The state of one `pairs()` over metadata. */
class EntryIterator implements LuaObject {
  readonly type = LuaTypeId.MetadataIterator;
  readonly over: { iterating: boolean };
  readonly entries: readonly (readonly [string, JsonValue])[];
  next = 0;

  constructor(over: { iterating: boolean }, entries: readonly (readonly [string, JsonValue])[]) {
    this.over = over;
    this.entries = entries;
  }
}

/** The methods of metadata of all kinds. */
export class MetadataMethods {
  readonly #engine: LuaEngine;
  readonly #objects: LuaObjects;
  readonly #nextPointer: number;

  constructor(engine: LuaEngine, objects: LuaObjects) {
    this.#engine = engine;
    this.#objects = objects;
    this.#nextPointer = engine.register([(L) => this.#next(L)])[0]!;
  }

  metadata(): MethodTable {
    const self = (L: number): MetadataObject => this.#objects.check(L, 1, LuaTypeId.Metadata);
    return {
      methods: {
        get: (L) => {
          const { struct } = self(L);
          const key = this.#engine.checkString(L, 2);
          return this.#pushOptional(L, valueAt(struct, key));
        },
      },
      metamethods: { __pairs: (L) => this.#pairs(L, self(L), Object.entries(self(L).struct)) },
    };
  }

  dynamic(readOnly: boolean): MethodTable {
    const type = readOnly ? LuaTypeId.ConnectionDynamicMetadata : LuaTypeId.DynamicMetadata;
    const self = (L: number): DynamicMetadataObject => this.#objects.check(L, 1, type);
    const get = (L: number): number => {
      const name = this.#engine.checkString(L, 2);
      const struct = structOf(self(L), name);
      if (struct === undefined) return 0;
      pushStruct(this.#engine, L, struct);
      return 1;
    };
    const pairs = (L: number): number => {
      const over = self(L);
      return this.#pairs(L, over, [...(over.info?.dynamicMetadata ?? [])]);
    };
    const set = (L: number): number => this.#set(L, self(L));
    const methods: MethodTable["methods"] = readOnly ? { get } : { get, set };
    return { methods, metamethods: { __pairs: pairs } };
  }

  iterator(): MethodTable {
    return { methods: {}, metamethods: {} };
  }

  #set(L: number, metadata: DynamicMetadataObject): number {
    const engine = this.#engine;
    if (metadata.iterating) {
      engine.throwError(L, "dynamic metadata map cannot be modified while iterating");
    }
    const name = engine.checkString(L, 2);
    const key = engine.checkString(L, 3);
    const value = readValue(engine, L, 4);
    const { info } = metadata;
    if (info === undefined) return 0;
    info.dynamicMetadata ??= new Map();
    info.dynamicMetadata.set(name, { ...info.dynamicMetadata.get(name), [key]: value });
    return 0;
  }

  #pairs(
    L: number,
    over: { iterating: boolean; readonly owner: HookObjects },
    entries: readonly (readonly [string, JsonValue])[],
  ): number {
    if (over.iterating) {
      this.#engine.throwError(L, "cannot create a second iterator before completing the first");
    }
    over.iterating = true;
    over.owner.keepForSlice(this.#objects.push(L, new EntryIterator(over, entries)));
    this.#engine.api.lua_pushcclosure(L, this.#nextPointer, 1);
    return 1;
  }

  #next(L: number): number {
    const type = LuaTypeId.MetadataIterator;
    const iterator = this.#objects.check<EntryIterator>(L, upvalueIndex(1), type);
    const entry = iterator.entries[iterator.next];
    if (entry === undefined) {
      iterator.over.iterating = false;
      return 0;
    }
    iterator.next += 1;
    this.#engine.pushString(L, bytesOfText(entry[0]));
    pushValue(this.#engine, L, entry[1]);
    return 2;
  }

  /** Pushes the value, or nothing at all: what is absent is "no value", what is null is nil. */
  #pushOptional(L: number, value: JsonValue | undefined): number {
    if (value === undefined) return 0;
    pushValue(this.#engine, L, value);
    return 1;
  }
}

function structOf(metadata: DynamicMetadataObject, name: string): Struct | undefined {
  return metadata.info?.dynamicMetadata?.get(name);
}

function valueAt(struct: Struct, key: string): JsonValue | undefined {
  return Object.hasOwn(struct, key) ? struct[key] : undefined;
}
