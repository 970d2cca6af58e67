import { addressText } from "../../../common/address.ts";
import {
  CompoundState,
  filterStateObject,
  hasFilterStateFactory,
} from "../../../common/filter-state-objects.ts";
import type { Address } from "../../../contracts/address.ts";
import type { StreamInfo } from "../../../contracts/stream-info.ts";
import type { HostFunction, LuaEngine } from "../engine/lua-engine.ts";
import { LuaType } from "../engine/lua-exports.ts";
import type { HookObjects } from "../hook-objects.ts";
import type { StreamSide } from "../stream-side.ts";
import { type LuaObject, type LuaObjects, LuaTypeId, typeNames } from "./lua-objects.ts";
import { DynamicMetadataObject, MetadataObject } from "./metadata-objects.ts";
import { SslObject } from "./ssl-objects.ts";
import type { MethodTable } from "./type-definition.ts";
import { untilNul } from "./values.ts";

/** An object that stands for a part of the stream: what it gives is looked up at each call. */
export class StreamPart implements LuaObject {
  readonly type: LuaTypeId;
  readonly owner: HookObjects;
  readonly side: StreamSide;

  constructor(type: LuaTypeId, owner: HookObjects, side: StreamSide) {
    this.type = type;
    this.owner = owner;
    this.side = side;
  }
}

/** The methods of the objects behind `streamInfo()`, `connection()`, `route()` and their like. */
export class StreamInfoMethods {
  readonly #engine: LuaEngine;
  readonly #objects: LuaObjects;

  constructor(engine: LuaEngine, objects: LuaObjects) {
    this.#engine = engine;
    this.#objects = objects;
  }

  streamInfo(): MethodTable {
    const text =
      (get: (info: StreamInfo) => string): HostFunction =>
      (L) => {
        this.#engine.pushString(L, get(this.#info(L)));
        return 1;
      };
    const address = (get: (info: StreamInfo) => Address | undefined): HostFunction =>
      text((info) => {
        const value = get(info);
        return value === undefined ? "" : addressText(value);
      });
    return {
      methods: {
        protocol: text((info) => info.protocol),
        routeName: text((info) => info.routeName),
        // There are no virtual clusters, so that none ever matches.
        virtualClusterName: text(() => ""),
        requestedServerName: text((info) => info.requestedServerName),
        downstreamLocalAddress: address((info) => info.downstreamLocalAddress),
        downstreamDirectLocalAddress: address((info) => info.downstreamLocalAddress),
        downstreamRemoteAddress: address((info) => info.downstreamRemoteAddress),
        downstreamDirectRemoteAddress: address((info) => info.downstreamDirectRemoteAddress),
        downstreamSslConnection: (L) => this.#ssl(L, this.#self(L, LuaTypeId.StreamInfo)),
        dynamicMetadata: (L) => {
          const { owner, side } = this.#self(L, LuaTypeId.StreamInfo);
          const make = (): DynamicMetadataObject =>
            new DynamicMetadataObject(owner, side.stream.streamInfo, false);
          return this.#push(L, owner.part("dynamicMetadata", make));
        },
        dynamicTypedMetadata: (L) => this.#noTypedMetadata(L, LuaTypeId.StreamInfo),
        drainConnectionUponCompletion: (L) => {
          this.#info(L).drainConnectionUponCompletion = true;
          return 0;
        },
        filterState: (L) => {
          const { owner, side } = this.#self(L, LuaTypeId.StreamInfo);
          const make = (): StreamPart => new StreamPart(LuaTypeId.FilterState, owner, side);
          return this.#push(L, owner.part("filterState", make));
        },
      },
      metamethods: {},
    };
  }

  connectionStreamInfo(): MethodTable {
    return {
      methods: {
        dynamicMetadata: (L) => {
          const { owner, side } = this.#self(L, LuaTypeId.ConnectionStreamInfo);
          const info = side.stream.connection?.streamInfo;
          const make = (): DynamicMetadataObject => new DynamicMetadataObject(owner, info, true);
          return this.#push(L, owner.part("connectionDynamicMetadata", make));
        },
        dynamicTypedMetadata: (L) => this.#noTypedMetadata(L, LuaTypeId.ConnectionStreamInfo),
      },
      metamethods: {},
    };
  }

  connection(): MethodTable {
    const ssl: HostFunction = (L) => this.#ssl(L, this.#self(L, LuaTypeId.Connection));
    return { methods: { ssl }, metamethods: {} };
  }

  filterState(): MethodTable {
    return {
      methods: {
        get: (L) => this.#filterStateGet(L),
        set: (L) => this.#filterStateSet(L),
      },
      metamethods: {},
    };
  }

  /** `route()` and `virtualHost()`: their metadata under the filter's own name. */
  routePart(type: typeof LuaTypeId.Route | typeof LuaTypeId.VirtualHost): MethodTable {
    const metadata: HostFunction = (L) => {
      const { owner, side } = this.#self(L, type);
      const route = side.stream.route();
      const all =
        type === LuaTypeId.Route ? route?.metadata : side.stream.streamInfo.virtualHostMetadata;
      const make = (): MetadataObject => new MetadataObject(owner, all?.[side.filterName] ?? {});
      return this.#push(L, owner.part(`${typeNames[type]} metadata`, make));
    };
    return { methods: { metadata }, metamethods: {} };
  }

  #filterStateGet(L: number): number {
    const { side } = this.#self(L, LuaTypeId.FilterState);
    const name = this.#engine.checkString(L, 2);
    const hasField = this.#engine.api.lua_type(L, 3) > LuaType.Nil;
    const field = hasField ? this.#engine.checkString(L, 3) : undefined;
    const value = side.stream.streamInfo.filterState.get(name);
    const found = field === undefined ? serialized(value) : fieldOf(value, field);
    if (found === undefined) return 0;
    if (typeof found === "number") this.#engine.api.lua_pushnumber(L, found);
    else this.#engine.pushString(L, found);
    return 1;
  }

  #filterStateSet(L: number): number {
    const engine = this.#engine;
    const { side } = this.#self(L, LuaTypeId.FilterState);
    const key = untilNul(engine.checkString(L, 2));
    const factory = untilNul(engine.checkString(L, 3));
    const text = untilNul(engine.checkString(L, 4));
    if (!hasFilterStateFactory(factory)) {
      engine.throwError(L, `'${factory}' does not have an object factory`);
    }
    const value = filterStateObject(factory, text);
    if (value === undefined) {
      engine.throwError(L, `failed to create an object '${key}' from value '${text}'`);
    }
    side.stream.streamInfo.filterState.set(key, value);
    return 0;
  }

  /** Nil in plain text. */
  #ssl(L: number, { owner, side }: StreamPart): number {
    const ssl = side.stream.connection?.ssl;
    if (ssl !== undefined) return this.#push(L, new SslObject(owner, ssl));
    this.#engine.api.lua_pushnil(L);
    return 1;
  }

  /** No filter here writes typed metadata: none is ever there. */
  #noTypedMetadata(L: number, type: LuaTypeId): number {
    this.#self(L, type);
    this.#engine.checkString(L, 2);
    this.#engine.api.lua_pushnil(L);
    return 1;
  }

  #info(L: number): StreamInfo {
    return this.#self(L, LuaTypeId.StreamInfo).side.stream.streamInfo;
  }

  #self(L: number, type: LuaTypeId): StreamPart {
    return this.#objects.check(L, 1, type);
  }

  #push(L: number, object: LuaObject & { readonly owner: HookObjects }): number {
    object.owner.keepForSlice(this.#objects.push(L, object));
    return 1;
  }
}

/** Filter state as text: what `serializeAsString` gives in Envoy. */
function serialized(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (value instanceof Uint8Array) return Buffer.from(value).latin1Slice();
  if (value instanceof CompoundState) return value.text;
  const isScalar =
    typeof value === "number" || typeof value === "boolean" || typeof value === "bigint";
  return isScalar ? String(value) : undefined;
}

function fieldOf(value: unknown, field: string): string | number | undefined {
  if (value instanceof CompoundState) return value.field(field);
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, field)) return undefined;
  const found = (value as { readonly [name: string]: unknown })[field];
  return typeof found === "string" || typeof found === "number" ? found : undefined;
}
