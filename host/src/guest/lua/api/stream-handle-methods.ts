import type { LuaEngine } from "../engine/lua-engine.ts";
import { LuaType } from "../engine/lua-exports.ts";
import type { StreamHandle } from "../stream-handle.ts";
import { type LuaObjects, LuaTypeId, upvalueIndex } from "./lua-objects.ts";
import { readRespondHeaders } from "./respond.ts";
import type { MethodTable } from "./type-definition.ts";

/** Envoy's methods that do not exist here. */
const unsupported = (
  "httpCall metadata streamInfo connection connectionStreamInfo setUpstreamOverrideHost clearRouteCache " +
  "filterContext importPublicKey verifySignature base64Escape timestamp timestampString virtualHost route"
).split(" ");

/** The methods of the stream handle: arguments are checked here, the stream's state decides in `StreamHandle`. */
export function streamHandleMethods(engine: LuaEngine, objects: LuaObjects): MethodTable {
  const self = (L: number): StreamHandle => {
    const handle = objects.check<StreamHandle>(L, 1, LuaTypeId.StreamHandle);
    return handle.running ? handle : objects.dead(L);
  };
  /** A method that may wait: only from the hook's own coroutine, since that is what is resumed. */
  const waiting = (L: number, method: string): StreamHandle => {
    const handle = self(L);
    if (handle.thread !== L) {
      engine.throwError(L, `${method}() cannot be called from a coroutine of the script's own`);
    }
    return handle;
  };

  const nextChunk = (L: number): number => {
    const handle = objects.check<StreamHandle>(L, upvalueIndex(1), LuaTypeId.StreamHandle);
    if (!handle.running) objects.dead(L);
    if (handle.thread !== L) {
      engine.throwError(L, "bodyChunks() cannot be iterated from a coroutine of the script's own");
    }
    return handle.nextChunk() ? engine.yield(L) : 0;
  };
  const [nextChunkPointer] = engine.register([nextChunk]);

  return {
    methods: {
      headers: (L) => {
        const handle = self(L);
        handle.keepForSlice(objects.push(L, handle.headerObject()));
        return 1;
      },
      body: (L) => {
        const handle = waiting(L, "body");
        const result = handle.body(alwaysWrap(engine, L));
        switch (result.kind) {
          case "error":
            return engine.throwError(L, result.text);
          case "wait":
            return engine.yield(L);
          case "none":
            return 0;
          case "object":
            handle.keepForSlice(objects.push(L, result.object));
            return 1;
        }
      },
      bodyChunks: (L) => {
        const error = waiting(L, "bodyChunks").beginChunks();
        if (error !== undefined) engine.throwError(L, error);
        engine.api.lua_pushvalue(L, 1);
        engine.api.lua_pushcclosure(L, nextChunkPointer!, 1);
        return 1;
      },
      trailers: (L) => {
        const handle = waiting(L, "trailers");
        const result = handle.trailers();
        if (result === "wait") return engine.yield(L);
        if (result === undefined) return 0;
        handle.keepForSlice(objects.push(L, result));
        return 1;
      },
      respond: (L) => {
        const handle = waiting(L, "respond");
        const error = handle.respondError();
        if (error !== undefined) engine.throwError(L, error);
        const reply = readRespondHeaders(engine, L, 2);
        if (typeof reply === "string") engine.throwError(L, reply);
        const bodyType = engine.api.lua_type(L, 3);
        const empty = bodyType === LuaType.None || bodyType === LuaType.Nil;
        handle.respond(reply.status, reply.headers, empty ? "" : engine.checkString(L, 3));
        return engine.yield(L);
      },
    },
    metamethods: {},
    unsupported,
  };
}

/** The optional argument of `body()`: when it is there at all, it must be a boolean. */
function alwaysWrap(engine: LuaEngine, L: number): boolean {
  if (engine.api.lua_gettop(L) < 2) return false;
  if (engine.api.lua_type(L, 2) !== LuaType.Boolean) {
    engine.api.luaL_typeerror(L, 2, engine.cString("boolean"));
  }
  return engine.api.lua_toboolean(L, 2) !== 0;
}
