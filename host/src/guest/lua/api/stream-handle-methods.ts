import { isIP } from "node:net";
import type { HostFunction, LuaEngine } from "../engine/lua-engine.ts";
import { LuaType } from "../engine/lua-exports.ts";
import type { StreamHandle } from "../stream-handle.ts";
import { pushCallResult, readCallOptions, readCallRequest } from "./http-call.ts";
import { HeaderObject } from "./header-object.ts";
import {
  type LuaObject,
  type LuaObjects,
  LuaTypeId,
  typeNames,
  upvalueIndex,
} from "./lua-objects.ts";
import { MetadataObject } from "./metadata-objects.ts";
import { readRespondHeaders } from "./respond.ts";
import { StatsScopeObject } from "./stats-objects.ts";
import { StreamPart } from "./stream-info-objects.ts";
import { type MethodTable, watchedFunction } from "./type-definition.ts";
import { utilityMethods } from "./utility-methods.ts";

/** Where a route's metadata may stand besides the filter's own name. */
const canonicalName = "envoy.filters.http.lua";

/** The methods of the stream handle: arguments are checked here, the stream's state decides in `StreamHandle`. */
export class StreamHandleMethods {
  readonly #engine: LuaEngine;
  readonly #objects: LuaObjects;
  readonly #nextChunkPointer: number;

  constructor(engine: LuaEngine, objects: LuaObjects) {
    this.#engine = engine;
    this.#objects = objects;
    this.#nextChunkPointer = engine.register([
      watchedFunction(engine, "bodyChunks:next", (L) => this.#nextChunk(L)),
    ])[0]!;
  }

  table(): MethodTable {
    return {
      methods: {
        headers: (L) => this.#headers(L),
        body: (L) => this.#body(L),
        bodyChunks: (L) => this.#bodyChunks(L),
        trailers: (L) => this.#trailers(L),
        respond: (L) => this.#respond(L),
        httpCall: (L) => this.#httpCall(L),
        ...utilityMethods(this.#engine, this.#objects, (L) => this.#self(L)),
        ...this.#streamParts(),
      },
      metamethods: {},
    };
  }

  /** Methods that give an object which stands for a part of the stream. */
  #streamParts(): { readonly [name: string]: HostFunction } {
    const part =
      (type: LuaTypeId): HostFunction =>
      (L) => {
        const handle = this.#self(L);
        const make = (): StreamPart => new StreamPart(type, handle.objects, handle.side);
        return this.#push(L, handle, handle.objects.part(typeNames[type], make));
      };
    return {
      streamInfo: part(LuaTypeId.StreamInfo),
      connectionStreamInfo: part(LuaTypeId.ConnectionStreamInfo),
      connection: part(LuaTypeId.Connection),
      route: part(LuaTypeId.Route),
      virtualHost: part(LuaTypeId.VirtualHost),
      metadata: (L) => {
        const handle = this.#self(L);
        const metadata = handle.side.stream.route()?.metadata;
        const struct = metadata?.[handle.side.filterName] ?? metadata?.[canonicalName] ?? {};
        const make = (): MetadataObject => new MetadataObject(handle.objects, struct);
        return this.#push(L, handle, handle.objects.part("metadata", make));
      },
      filterContext: (L) => {
        const handle = this.#self(L);
        const make = (): MetadataObject =>
          new MetadataObject(handle.objects, handle.side.filterContext);
        return this.#push(L, handle, handle.objects.part("filterContext", make));
      },
      requestHeaders: (L) => {
        const handle = this.#self(L);
        const headers = handle.side.stream.requestHeaders;
        if (headers === undefined) return 0;
        const make = (): HeaderObject =>
          new HeaderObject(headers, handle, "request", !handle.side.isRequest);
        return this.#push(L, handle, handle.objects.part("requestHeaders", make));
      },
      stats: (L) => {
        const handle = this.#self(L);
        return this.#push(L, handle, new StatsScopeObject(handle.side.stats));
      },
      clearRouteCache: (L) => {
        this.#self(L).side.dropRoute();
        return 0;
      },
      setUpstreamOverrideHost: (L) => this.#setUpstreamOverrideHost(L),
    };
  }

  #setUpstreamOverrideHost(L: number): number {
    const engine = this.#engine;
    const { side } = this.#self(L);
    const address = engine.checkString(L, 2);
    if (engine.api.lua_gettop(L) > 2 && engine.api.lua_type(L, 3) !== LuaType.Boolean) {
      engine.api.luaL_typeerror(L, 3, engine.cString("boolean"));
    }
    const strict = engine.api.lua_toboolean(L, 3) !== 0;
    if (!namesIpAddress(address)) engine.throwError(L, "host is not a valid IP address");
    // On the response path the host has been chosen already.
    if (side.isRequest) side.stream.streamInfo.upstreamOverrideHost = { address, strict };
    return 0;
  }

  #push(L: number, handle: StreamHandle, object: LuaObject): number {
    handle.objects.keepForSlice(this.#objects.push(L, object));
    return 1;
  }

  #headers(L: number): number {
    const handle = this.#self(L);
    handle.objects.keepForSlice(this.#objects.push(L, handle.headerObject()));
    return 1;
  }

  #body(L: number): number {
    const handle = this.#waiting(L, 1, "body()");
    const result = handle.body(alwaysWrap(this.#engine, L));
    switch (result.kind) {
      case "error":
        return this.#engine.throwError(L, result.text);
      case "wait":
        return this.#engine.yield();
      case "none":
        return 0;
      case "object":
        handle.objects.keepForSlice(this.#objects.push(L, result.object));
        return 1;
    }
  }

  #bodyChunks(L: number): number {
    const error = this.#waiting(L, 1, "bodyChunks()").beginChunks();
    if (error !== undefined) this.#engine.throwError(L, error);
    this.#engine.api.lua_pushvalue(L, 1);
    this.#engine.api.lua_pushcclosure(L, this.#nextChunkPointer, 1);
    return 1;
  }

  #nextChunk(L: number): number {
    const handle = this.#waiting(L, upvalueIndex(1), "the iterator of bodyChunks()");
    return handle.nextChunk() ? this.#engine.yield() : 0;
  }

  #trailers(L: number): number {
    const handle = this.#waiting(L, 1, "trailers()");
    const result = handle.trailers();
    if (result === "wait") return this.#engine.yield();
    if (result === undefined) return 0;
    handle.objects.keepForSlice(this.#objects.push(L, result));
    return 1;
  }

  #respond(L: number): number {
    const { api } = this.#engine;
    const handle = this.#waiting(L, 1, "respond()");
    const reply = readRespondHeaders(this.#engine, L, 2);
    if (typeof reply === "string") this.#engine.throwError(L, reply);
    const bodyType = api.lua_type(L, 3);
    const empty = bodyType === LuaType.None || bodyType === LuaType.Nil;
    const body = empty ? "" : this.#engine.checkString(L, 3);
    const error = handle.respondError();
    if (error !== undefined) this.#engine.throwError(L, error);
    handle.respond(reply.status, reply.headers, body);
    return this.#engine.yield();
  }

  #httpCall(L: number): number {
    const engine = this.#engine;
    const handle = this.#self(L);
    const options = readCallOptions(engine, L);
    const cluster = engine.checkString(L, 2);
    if (engine.api.lua_type(L, 3) !== LuaType.Table) {
      engine.api.luaL_typeerror(L, 3, engine.cString("table"));
    }
    const client = handle.side.asyncClient(cluster);
    if (client === undefined) {
      return engine.throwError(L, "http call cluster invalid. Must be configured");
    }
    const request = readCallRequest(engine, L, options);
    if (!options.asynchronous) this.#waiting(L, 1, "httpCall()");
    const result = handle.httpCall(client, request, options);
    if (result === "wait") return engine.yield();
    return result === undefined
      ? 0
      : pushCallResult(engine, L, result, options.returnDuplicateHeaders);
  }

  #self(L: number): StreamHandle {
    return this.#alive(L, 1);
  }

  /** The handle of a method that may wait: only from the hook's own coroutine, since that is what is resumed. */
  #waiting(L: number, index: number, method: string): StreamHandle {
    const handle = this.#alive(L, index);
    if (handle.thread !== L) {
      this.#engine.throwError(L, `${method} cannot be called from a coroutine of the script's own`);
    }
    return handle;
  }

  #alive(L: number, index: number): StreamHandle {
    const handle = this.#objects.check<StreamHandle>(L, index, LuaTypeId.StreamHandle);
    return handle.running ? handle : this.#objects.dead(L);
  }
}

/** `1.2.3.4`, `1.2.3.4:80`, `[::1]`, `[::1]:80`: an address as Envoy takes one from an authority. */
function namesIpAddress(text: string): boolean {
  const colon = text.lastIndexOf(":");
  const port = colon > text.lastIndexOf("]") ? text.slice(colon + 1) : "";
  const host = /^\d{1,5}$/.test(port) && Number(port) <= 65_535 ? text.slice(0, colon) : text;
  return isIP(host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host) !== 0;
}

/** The optional argument of `body()`: when it is there at all, it must be a boolean. */
function alwaysWrap(engine: LuaEngine, L: number): boolean {
  if (engine.api.lua_gettop(L) < 2) return false;
  if (engine.api.lua_type(L, 2) !== LuaType.Boolean) {
    engine.api.luaL_typeerror(L, 2, engine.cString("boolean"));
  }
  return engine.api.lua_toboolean(L, 2) !== 0;
}
