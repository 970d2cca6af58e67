import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import type { LuaDialect } from "../../contracts/config/guests.ts";
import type { Result } from "../../contracts/result.ts";
import type { LimitedModule } from "../limits/instance.ts";
import { rewriteModule } from "../limits/rewriter.ts";
import { luaOptionsDefault } from "./options.ts";
import { replaceFunctionBodies, unsignedLeb } from "./engine/function-bodies.ts";

/**
 * Pages that a state begins with: Emscripten's data and stack, and the libraries. The module declares 16 MiB, which
 * would count as the memory of a state that uses little of it.
 */
const initialPages = 20;

/**
 * Lua 5.4, as wasmoon builds it, behind the limiter: for the main thread, once per memory cap, dialect and whether instructions are counted. Workers are given
 * the compiled module.
 */
export function loadLuaModule(
  memoryBytes: number,
  dialect: LuaDialect = luaOptionsDefault.dialect,
  countInstructions = false,
): Result<LimitedModule, string> {
  const file = path.join(
    path.dirname(createRequire(import.meta.url).resolve("wasmoon")),
    "glue.wasm",
  );
  let bytes = new Uint8Array(readFileSync(file));
  if (dialect === "luajit") {
    printFloatsAsLuaJit(bytes);
    bytes = replaceFunctionBodies(bytes, luajitBodies);
  }
  const rewritten = rewriteModule(bytes, { memoryBytes, initialPages, countInstructions });
  if (!rewritten.ok) return { ok: false, error: `the Lua engine: ${rewritten.error}` };
  const module = new WebAssembly.Module(rewritten.value.bytes);
  return { ok: true, value: { module, memory: rewritten.value.memory } };
}

/**
 * Lua 5.4 appends ".0" to a float that prints like an integer: when `strspn(text, "-0123456789")` spans the text
 * (`lobject.c`, `tostringbuff`). With that set emptied, `10/2` prints `5`, as scripts written for LuaJIT expect.
 */
function printFloatsAsLuaJit(bytes: Uint8Array): void {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = view.indexOf("-0123456789\0", 0, "latin1");
  if (at >= 0) bytes[at] = 0;
}

const [get0, get1, get2] = [
  [0x20, 0],
  [0x20, 1],
  [0x20, 2],
];
const call = 0x10;
const end = 0x0b;
const i32Zero = [0x41, 0x00];

/** What of the C API works otherwise for LuaJIT's scripts. */
function luajitBodies(indexOf: (name: string) => number): ReadonlyMap<string, readonly number[]> {
  return new Map([...truncatingIntegers(indexOf), ...errorPositions(indexOf)]);
}

/**
 * `luaL_checkinteger` and `luaL_optinteger` refuse numbers with a fraction in Lua 5.4; LuaJIT truncates:
 * `string.format("%d", 3.7)`, `s:sub(1, #s / 2)`.
 */
function truncatingIntegers(indexOf: (name: string) => number): [string, readonly number[]][] {
  const truncated = [
    ...get0,
    ...get1,
    call,
    ...unsignedLeb(indexOf("luaL_checknumber")),
    // i64.trunc_sat_f64_s
    0xfc,
    0x06,
  ];
  const type = [...get0, ...get1, call, ...unsignedLeb(indexOf("lua_type"))];
  // i32.le_s, if (result i64)
  const isAbsent = [...i32Zero, 0x4c, 0x04, 0x7e];
  return [
    ["luaL_checkinteger", [0, ...truncated, end]],
    ["luaL_optinteger", [0, ...type, ...isAbsent, ...get2, 0x05, ...truncated, end, end]],
  ];
}

/**
 * `luaL_where` and `luaL_argerror` leave it to the host to say where an error is, since functions of the prelude must
 * not be named. The module has no import of its own for that; `strftime` is free, since its `os` is never opened.
 */
function errorPositions(indexOf: (name: string) => number): [string, readonly number[]][] {
  const callHost = [call, ...unsignedLeb(indexOf("strftime"))];
  const drop = 0x1a;
  const i32One = [0x41, 0x01];
  return [
    ["luaL_where", [0, ...get0, ...get1, ...i32Zero, ...i32Zero, ...callHost, drop, end]],
    ["luaL_argerror", [0, ...get0, ...get1, ...get2, ...i32One, ...callHost, end]],
  ];
}
