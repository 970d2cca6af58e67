/**
 * What Lua's own module (wasmoon's build of Lua 5.4 by Emscripten) exports, as far as it is used here. Names and
 * meanings are those of the C API (Lua 5.4 reference manual, section 4.6 and 5.1); every pointer is a number.
 */
export interface LuaExports {
  readonly __indirect_function_table: WebAssembly.Table;
  __wasm_call_ctors(): void;
  emscripten_stack_init(): void;
  stackSave(): number;
  stackRestore(pointer: number): void;
  setThrew(threw: number, value: number): void;
  malloc(size: number): number;
  free(pointer: number): void;

  luaL_newstate(): number;
  lua_newthread(L: number): number;
  lua_resetthread(L: number): number;
  lua_status(L: number): number;
  lua_resume(L: number, from: number, args: number, resultsOut: number): number;
  /** A property, since it is handed to other modules as it is. */
  readonly lua_yieldk: (L: number, results: number, context: number, k: number) => number;
  lua_pcallk(
    L: number,
    args: number,
    results: number,
    handler: number,
    context: number,
    k: number,
  ): number;
  lua_callk(L: number, args: number, results: number, context: number, k: number): void;
  lua_error(L: number): never;
  luaL_argerror(L: number, arg: number, text: number): never;
  luaL_typeerror(L: number, arg: number, typeName: number): never;
  lua_getstack(L: number, level: number, activation: number): number;
  lua_getinfo(L: number, what: number, activation: number): number;
  luaL_where(L: number, level: number): void;
  luaL_traceback(L: number, of: number, text: number, level: number): void;
  luaL_loadbufferx(L: number, text: number, size: number, name: number, mode: number): number;
  lua_dump(L: number, writer: number, data: number, strip: number): number;
  luaL_requiref(L: number, name: number, open: number, global: number): void;

  lua_gettop(L: number): number;
  lua_settop(L: number, index: number): void;
  lua_pushvalue(L: number, index: number): void;
  lua_rotate(L: number, index: number, n: number): void;
  lua_xmove(from: number, to: number, n: number): void;
  lua_checkstack(L: number, n: number): number;
  lua_isyieldable(L: number): number;

  lua_type(L: number, index: number): number;
  lua_isinteger(L: number, index: number): number;
  lua_toboolean(L: number, index: number): number;
  lua_tonumberx(L: number, index: number, isNumberOut: number): number;
  lua_tolstring(L: number, index: number, sizeOut: number): number;
  luaL_tolstring(L: number, index: number, sizeOut: number): number;
  luaL_checklstring(L: number, arg: number, sizeOut: number): number;
  luaL_checknumber(L: number, arg: number): number;
  luaL_testudata(L: number, arg: number, name: number): number;
  lua_touserdata(L: number, index: number): number;

  lua_pushnil(L: number): void;
  lua_pushnumber(L: number, value: number): void;
  lua_pushboolean(L: number, value: number): void;
  lua_pushlstring(L: number, text: number, size: number): number;
  lua_pushcclosure(L: number, pointer: number, upvalues: number): void;
  lua_newuserdatauv(L: number, size: number, userValues: number): number;
  lua_createtable(L: number, arraySize: number, hashSize: number): void;

  lua_getglobal(L: number, name: number): number;
  lua_setglobal(L: number, name: number): void;
  lua_getfield(L: number, index: number, name: number): number;
  lua_setfield(L: number, index: number, name: number): void;
  lua_rawgeti(L: number, index: number, n: bigint): number;
  lua_rawseti(L: number, index: number, n: bigint): void;
  lua_rawset(L: number, index: number): void;
  lua_setmetatable(L: number, index: number): number;
  luaL_newmetatable(L: number, name: number): number;
  luaL_setmetatable(L: number, name: number): void;
  lua_next(L: number, index: number): number;
  luaL_ref(L: number, table: number): number;
  luaL_unref(L: number, table: number, ref: number): void;

  luaopen_base(L: number): number;
  luaopen_coroutine(L: number): number;
  luaopen_table(L: number): number;
  luaopen_string(L: number): number;
  luaopen_math(L: number): number;
  luaopen_debug(L: number): number;
  luaopen_utf8(L: number): number;
}

/** `lua_type` results. */
export const LuaType = {
  None: -1,
  Nil: 0,
  Boolean: 1,
  LightUserdata: 2,
  Number: 3,
  String: 4,
  Table: 5,
  Function: 6,
  Userdata: 7,
  Thread: 8,
} as const;

/** Thread status (`lua_resume`, `lua_pcallk`, `luaL_loadbufferx`). */
export const LuaStatus = {
  Ok: 0,
  Yield: 1,
  ErrRun: 2,
  ErrSyntax: 3,
  ErrMem: 4,
  ErrErr: 5,
} as const;

/** Pseudo-index of the registry (`LUA_REGISTRYINDEX`, with LUAI_MAXSTACK = 1,000,000). */
export const registryIndex = -1_001_000;
