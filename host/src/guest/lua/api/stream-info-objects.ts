import { addressText } from "../../../common/address.ts";
import type { Address } from "../../../contracts/address.ts";
import type { StreamInfo } from "../../../contracts/stream-info.ts";
import type { HostFunction, LuaEngine } from "../engine/lua-engine.ts";
import { LuaType } from "../engine/lua-exports.ts";
import type { StreamSide } from "../stream-handle.ts";
import { type LuaObject, type LuaObjects, LuaTypeId } from "./lua-objects.ts";
import { DynamicMetadataObject, MetadataObject, type SlotOwner } from "./metadata-objects.ts";
import type { MethodTable } from "./type-definition.ts";

/** An object that stands for a part of the stream: what it gives is looked up at each call. */
export class StreamPart implements LuaObject {
  readonly type: LuaTypeId;
  readonly owner: SlotOwner;
  readonly side: StreamSide;

  constructor(type: LuaTypeId, owner: SlotOwner, side: StreamSide) {
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
          return this.#push(L, new DynamicMetadataObject(owner, side.stream.streamInfo, false));
        },
        dynamicTypedMetadata: (L) => this.#noTypedMetadata(L, LuaTypeId.StreamInfo),
        filterState: (L) => {
          const { owner, side } = this.#self(L, LuaTypeId.StreamInfo);
          return this.#push(L, new StreamPart(LuaTypeId.FilterState, owner, side));
        },
      },
      metamethods: {},
      unsupported: ["drainConnectionUponCompletion"],
    };
  }

  connectionStreamInfo(): MethodTable {
    return {
      methods: {
        dynamicMetadata: (L) => {
          const { owner, side } = this.#self(L, LuaTypeId.ConnectionStreamInfo);
          const info = side.stream.connection?.streamInfo;
          return this.#push(L, new DynamicMetadataObject(owner, info, true));
        },
        dynamicTypedMetadata: (L) => this.#noTypedMetadata(L, LuaTypeId.ConnectionStreamInfo),
      },
      metamethods: {},
      unsupported: [],
    };
  }

  connection(): MethodTable {
    const ssl: HostFunction = (L) => this.#ssl(L, this.#self(L, LuaTypeId.Connection));
    return { methods: { ssl }, metamethods: {}, unsupported: [] };
  }

  filterState(): MethodTable {
    return {
      methods: { get: (L) => this.#filterStateGet(L) },
      metamethods: {},
      unsupported: ["set"],
    };
  }

  /** `route()` and `virtualHost()`: their metadata under the filter's own name. */
  routePart(type: typeof LuaTypeId.Route | typeof LuaTypeId.VirtualHost): MethodTable {
    const metadata: HostFunction = (L) => {
      const { owner, side } = this.#self(L, type);
      const route = side.stream.route();
      const all = type === LuaTypeId.Route ? route?.metadata : route?.virtualHostMetadata;
      return this.#push(L, new MetadataObject(owner, all?.[side.filterName] ?? {}));
    };
    return { methods: { metadata }, metamethods: {}, unsupported: [] };
  }

  #filterStateGet(L: number): number {
    const { side } = this.#self(L, LuaTypeId.FilterState);
    const name = this.#engine.checkString(L, 2);
    const hasField = this.#engine.api.lua_type(L, 3) > LuaType.Nil;
    const field = hasField ? this.#engine.checkString(L, 3) : undefined;
    const value = side.stream.streamInfo.filterState.get(name);
    const found = field === undefined ? serialized(value) : fieldOf(value, field);
    if (found === undefined && field === undefined) return 0;
    if (found === undefined) this.#engine.api.lua_pushnil(L);
    else if (typeof found === "number") this.#engine.api.lua_pushnumber(L, found);
    else this.#engine.pushString(L, found);
    return 1;
  }

  /** Nil in plain text, the only transport there is to a script. */
  #ssl(L: number, { side }: StreamPart): number {
    if (side.stream.connection?.isTls === true) {
      this.#engine.throwError(L, "the properties of TLS connections are not supported");
    }
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

  #push(L: number, object: LuaObject & { readonly owner: SlotOwner }): number {
    object.owner.keepForSlice(this.#objects.push(L, object));
    return 1;
  }
}

/** Filter state as text: what `serializeAsString` gives in Envoy. */
function serialized(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (value instanceof Uint8Array) return Buffer.from(value).latin1Slice();
  const isScalar =
    typeof value === "number" || typeof value === "boolean" || typeof value === "bigint";
  return isScalar ? String(value) : undefined;
}

function fieldOf(value: unknown, field: string): string | number | undefined {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, field)) return undefined;
  const found = (value as { readonly [name: string]: unknown })[field];
  return typeof found === "string" || typeof found === "number" ? found : undefined;
}
