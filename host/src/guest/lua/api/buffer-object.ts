import type { DataBuffer } from "../../../contracts/buffer.ts";
import type { HeaderMap } from "../../../contracts/headers.ts";
import type { LuaEngine } from "../engine/lua-engine.ts";
import { type LuaObject, type LuaObjects, LuaTypeId } from "./lua-objects.ts";
import type { MethodTable } from "./type-definition.ts";

/** `body()` and the chunks of `bodyChunks()`. */
export class BufferObject implements LuaObject {
  readonly type = LuaTypeId.Buffer;
  readonly headers: HeaderMap;
  readonly #read: () => DataBuffer | undefined;
  readonly #modify: (change: (buffer: DataBuffer) => void) => void;

  /** `read` gives the bytes as they are now, `modify` changes them in place. */
  constructor(
    headers: HeaderMap,
    read: () => DataBuffer | undefined,
    modify: (change: (buffer: DataBuffer) => void) => void,
  ) {
    this.headers = headers;
    this.#read = read;
    this.#modify = modify;
  }

  get length(): number {
    return this.#read()?.length ?? 0;
  }

  bytes(index: number, length: number): Buffer {
    return this.#read()?.slice(index, length) ?? Buffer.alloc(0);
  }

  clear(): void {
    this.#modify((buffer) => buffer.drain(buffer.length));
  }

  replace(bytes: Buffer): void {
    this.#modify((buffer) => {
      buffer.drain(buffer.length);
      buffer.append(bytes);
    });
    this.headers.set("content-length", String(bytes.length));
  }
}

export function bufferMethods(engine: LuaEngine, objects: LuaObjects): MethodTable {
  const self = (L: number): BufferObject => objects.check(L, 1, LuaTypeId.Buffer);
  return {
    methods: {
      length: (L) => {
        engine.api.lua_pushnumber(L, self(L).length);
        return 1;
      },
      getBytes: (L) => {
        const buffer = self(L);
        const index = Math.trunc(engine.api.luaL_checknumber(L, 2));
        const length = Math.trunc(engine.api.luaL_checknumber(L, 3));
        if (index < 0 || length < 0 || index + length > buffer.length) {
          engine.throwError(
            L,
            "index/length must be >= 0 and (index + length) must be <= buffer size",
          );
        }
        engine.pushBytes(L, buffer.bytes(index, length));
        return 1;
      },
      setBytes: (L) => {
        const buffer = self(L);
        // A call without a string leaves an empty body, as it does in Envoy.
        if (!engine.isString(L, 2)) buffer.clear();
        const bytes = engine.checkBytes(L, 2);
        buffer.replace(bytes);
        engine.api.lua_pushnumber(L, bytes.length);
        return 1;
      },
    },
    metamethods: {},
  };
}
