import type { KeyObject } from "node:crypto";
import type { HostFunction, LuaEngine } from "../engine/lua-engine.ts";
import { LuaType } from "../engine/lua-exports.ts";
import type { StreamHandle } from "../stream-handle.ts";
import { type LuaObject, type LuaObjects, LuaTypeId } from "./lua-objects.ts";
import { importPublicKey, signatureProblem } from "./signatures.ts";
import type { MethodTable } from "./type-definition.ts";

/** What `EnvoyTimestampResolution` holds. */
export const timestampResolution = { MILLISECOND: 0, MICROSECOND: 1 } as const;

/** What `importPublicKey` gives. */
class PublicKeyObject implements LuaObject {
  readonly type = LuaTypeId.PublicKey;
  readonly bytes: string | undefined;

  constructor(bytes: string | undefined) {
    this.bytes = bytes;
  }
}

/** Keys that a stream has imported, by what `get()` gives for them. */
export type ImportedKeys = Map<string, KeyObject>;

/** Methods of the stream handle that need nothing of the stream but its clock and its imported keys. */
export function utilityMethods(
  engine: LuaEngine,
  objects: LuaObjects,
  self: (L: number) => StreamHandle,
): { readonly [name: string]: HostFunction } {
  return {
    base64Escape: (L) => {
      self(L);
      engine.pushString(L, engine.checkBytes(L, 2).toString("base64"));
      return 1;
    },
    base64Decode: (L) => {
      self(L);
      const bytes = decodeBase64(engine.checkString(L, 2));
      if (bytes === undefined) engine.api.lua_pushnil(L);
      else engine.pushBytes(L, bytes);
      return 1;
    },
    timestamp: (L) => {
      const now = self(L).systemMs();
      const resolution = readResolution(engine, L);
      if (resolution !== timestampResolution.MILLISECOND) {
        engine.throwError(L, "timestamp format must be MILLISECOND.");
      }
      engine.api.lua_pushnumber(L, Math.floor(now));
      return 1;
    },
    timestampString: (L) => {
      const now = self(L).systemMs();
      const resolution = readResolution(engine, L);
      if (resolution === undefined) {
        engine.throwError(L, "timestamp format must be MILLISECOND or MICROSECOND.");
      }
      const micros = resolution === timestampResolution.MICROSECOND;
      engine.pushString(L, String(Math.floor(micros ? now * 1000 : now)));
      return 1;
    },
    importPublicKey: (L) => {
      const handle = self(L);
      const der = engine.checkBytes(L, 2).subarray(0, engine.api.luaL_checknumber(L, 3));
      const key = importPublicKey(der);
      const bytes = key && der.latin1Slice().split("\0")[0]!;
      if (key !== undefined) handle.importedKeys.set(bytes!, key);
      handle.objects.keepForSlice(objects.push(L, new PublicKeyObject(bytes)));
      return 1;
    },
    verifySignature: (L) => verifySignature(engine, L, self(L).importedKeys),
  };
}

export function publicKeyMethods(engine: LuaEngine, objects: LuaObjects): MethodTable {
  const get: HostFunction = (L) => {
    const { bytes } = objects.check<PublicKeyObject>(L, 1, LuaTypeId.PublicKey);
    if (bytes === undefined) engine.api.lua_pushnil(L);
    else engine.pushString(L, bytes);
    return 1;
  };
  return { methods: { get }, metamethods: {} };
}

/** `(hash, key, signature, signatureLength, data, dataLength)` → ok, error. */
function verifySignature(engine: LuaEngine, L: number, keys: ImportedKeys): number {
  const { api } = engine;
  const hash = engine.checkString(L, 2);
  const key = keys.get(engine.checkString(L, 3));
  const bytes = (arg: number): Buffer =>
    engine.checkBytes(L, arg).subarray(0, Math.max(0, api.luaL_checknumber(L, arg + 1)));
  const signature = bytes(4);
  const data = bytes(6);
  if (key === undefined) return engine.throwError(L, "invalid public key");
  const problem = signatureProblem(hash, key, signature, data);
  api.lua_pushboolean(L, problem === undefined ? 1 : 0);
  if (problem === undefined) api.lua_pushnil(L);
  else engine.pushString(L, problem);
  return 2;
}

/** The optional argument of the timestamp methods; undefined when it is none of the two. */
function readResolution(engine: LuaEngine, L: number): number | undefined {
  const { api } = engine;
  if (api.lua_gettop(L) < 2) return timestampResolution.MILLISECOND;
  if (api.lua_type(L, 2) !== LuaType.Number) return undefined;
  const value = api.lua_tonumberx(L, 2, 0);
  return value === 0 || value === 1 ? value : undefined;
}

/** Padding and blanks may be missing or there; anything else outside of the alphabet is refused. */
function decodeBase64(text: string): Buffer | undefined {
  const characters = text.replaceAll(/[ \t\r\n]/g, "");
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(characters)) return undefined;
  if (characters.replaceAll("=", "").length % 4 === 1) return undefined;
  return Buffer.from(characters, "base64");
}
