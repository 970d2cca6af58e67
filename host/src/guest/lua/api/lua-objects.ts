import type { LuaEngine } from "../engine/lua-engine.ts";
import { registryIndex } from "../engine/lua-exports.ts";

/** Something of ours that a script holds as a userdata. */
export interface LuaObject {
  /** Index of its type in `typeNames`. */
  readonly type: LuaTypeId;
}

export const LuaTypeId = {
  StreamHandle: 0,
  Headers: 1,
  HeaderIterator: 2,
  Buffer: 3,
  Metadata: 4,
  DynamicMetadata: 5,
  ConnectionDynamicMetadata: 6,
  MetadataIterator: 7,
  StreamInfo: 8,
  ConnectionStreamInfo: 9,
  Connection: 10,
  FilterState: 11,
  Route: 12,
  VirtualHost: 13,
  PublicKey: 14,
  Ssl: 15,
  SslSubject: 16,
  StatsScope: 17,
  StatsCounter: 18,
  StatsGauge: 19,
  StatsHistogram: 20,
} as const;
export type LuaTypeId = (typeof LuaTypeId)[keyof typeof LuaTypeId];

/** By `LuaTypeId`, for messages. */
export const typeNames = [
  "StreamHandle",
  "HeaderMap",
  "HeaderMapIterator",
  "Buffer",
  "MetadataMap",
  "DynamicMetadataMap",
  "ConnectionDynamicMetadataMap",
  "MetadataMapIterator",
  "StreamInfo",
  "ConnectionStreamInfo",
  "Connection",
  "FilterState",
  "Route",
  "VirtualHost",
  "PublicKey",
  "SslConnection",
  "SslSubject",
  "StatsScope",
  "Counter",
  "Gauge",
  "Histogram",
] as const;

/** Stands for no object. */
export const noSlot = -1;

/** A userdata that outlives the stretch of script in which it was made raises this. */
const deadText = "object used outside of proper scope";

/**
 * The objects that one script's userdata stand for. A userdata holds a slot and that slot's generation; a slot
 * whose object has died has another generation, so a userdata that was kept raises an error instead of reaching
 * a later stream's object.
 */
export class LuaObjects {
  readonly #engine: LuaEngine;
  readonly #slots: (LuaObject | undefined)[] = [];
  readonly #generations: number[] = [];
  readonly #free: number[] = [];
  /** By slot: the one that is linked behind it; -1: none. */
  readonly #linked: number[] = [];
  readonly #metatables: bigint[] = [];

  constructor(engine: LuaEngine) {
    this.#engine = engine;
  }

  /** Takes the table on top of the main thread's stack as the metatable of a type. Types come in order. */
  defineType(): void {
    this.#metatables.push(BigInt(this.#engine.reference(this.#engine.L)));
  }

  /** Pushes a userdata for a new object; gives its slot, for `kill`. */
  push(L: number, object: LuaObject): number {
    const slot = this.#free.pop() ?? this.#slots.length;
    this.#slots[slot] = object;
    this.#generations[slot] ??= 1;
    this.#linked[slot] = noSlot;
    this.#pushSlot(L, slot, object.type);
    return slot;
  }

  /** The object becomes unreachable; userdata that are left of it are dead. */
  kill(slot: number): void {
    this.#slots[slot] = undefined;
    this.#generations[slot] = (this.#generations[slot]! + 1) | 0;
    this.#free.push(slot);
  }

  /** Puts `rest`, which may be `noSlot`, behind `slot`: they die together by `killLinked`. */
  link(slot: number, rest: number): void {
    this.#linked[slot] = rest;
  }

  /** Kills this object and all that are linked behind it. `noSlot`: none. */
  killLinked(slot: number): void {
    for (let each = slot; each !== noSlot; each = this.#linked[each]!) this.kill(each);
  }

  /** Argument `arg` (or upvalue) as an object of `type`; raises an error when it is something else or dead. */
  check<T extends LuaObject>(L: number, index: number, type: LuaTypeId): T {
    const pointer = this.#engine.api.lua_touserdata(L, index);
    if (pointer === 0) {
      return this.#engine.api.luaL_typeerror(L, index, this.#engine.cString(typeNames[type]));
    }
    const slot = this.#engine.userdataWord(pointer, 0);
    const object = this.#slots[slot];
    if (object === undefined || this.#generations[slot] !== this.#engine.userdataWord(pointer, 1)) {
      return this.#engine.throwError(L, deadText);
    }
    if (object.type !== type) {
      return this.#engine.api.luaL_typeerror(L, index, this.#engine.cString(typeNames[type]));
    }
    return object as T;
  }

  /** What the userdata at `index` stands for; undefined when it is dead. */
  peek(L: number, index: number): LuaObject | undefined {
    const pointer = this.#engine.api.lua_touserdata(L, index);
    if (pointer === 0) return undefined;
    const slot = this.#engine.userdataWord(pointer, 0);
    const alive = this.#generations[slot] === this.#engine.userdataWord(pointer, 1);
    return alive ? this.#slots[slot] : undefined;
  }

  /** Raises the error of a dead object. */
  dead(L: number): never {
    return this.#engine.throwError(L, deadText);
  }

  #pushSlot(L: number, slot: number, type: LuaTypeId): void {
    this.#engine.pushUserdata(L, this.#metatables[type]!, slot, this.#generations[slot]!);
  }
}

/** Pseudo-index of upvalue `i` of the running host function (`lua_upvalueindex`). */
export function upvalueIndex(i: number): number {
  return registryIndex - i;
}
