import type { Guests, Lua, LuaStates } from "../config/gen/sluice/guests/v1/guests_pb.ts";
import type { LuaSettings, LuaStatesSettings } from "../contracts/config/guests.ts";
import type { ParseContext } from "../contracts/extension.ts";

// By the numbers of the enumerations: this module must not load protobuf's.
const dialects: readonly (LuaSettings["dialect"] | undefined)[] = [undefined, "luajit", "lua54"];
const profiles: readonly (LuaSettings["profile"] | undefined)[] = [
  undefined,
  "envoy-compatible",
  "sandboxed",
];

/** `sluice.guests.v1.Lua`, laid over `outer`. */
function luaSettingsOf(
  lua: Lua | undefined,
  outer: LuaSettings,
  context: ParseContext,
): LuaSettings {
  const own = lua ?? emptyLua;
  const modules = modulesOf(lua, outer, context);
  return {
    dialect: dialects[own.dialect] ?? outer.dialect,
    profile: profiles[own.profile] ?? outer.profile,
    extensions: own.extensions ?? outer.extensions,
    modules,
    countInstructions: own.countInstructions ?? outer.countInstructions,
  };
}

const emptyLua = {
  dialect: 0,
  profile: 0,
  extensions: undefined,
  countInstructions: undefined,
} as const;

function modulesOf(
  lua: Lua | undefined,
  outer: LuaSettings,
  context: ParseContext,
): Map<string, Uint8Array> {
  const modules = new Map(outer.modules);
  for (const [name, source] of Object.entries(lua?.modules ?? {})) {
    const text = context.dataSource(source, lua!, `modules["${name}"]`);
    if (text !== undefined) modules.set(name, text);
  }
  if (lua?.extensions === false && modules.size > 0) {
    const text = `there are no modules without extensions: remove ${[...modules.keys()].join(", ")}, or set extensions to true`;
    context.problem(lua, "extensions", text);
  }
  return modules;
}

/** `sluice.guests.v1.LuaStates`. */
function luaStatesOf(states: LuaStates | undefined): LuaStatesSettings {
  const bytes = states?.maxMemoryBytesPerWorker;
  return {
    maxStates: states?.maxStatesPerWorker,
    maxMemoryBytes: bytes === undefined ? undefined : Number(bytes),
  };
}

/** What of `sluice.guests.v1.Guests` is about Lua. */
export function luaGuestsOf(
  guests: Guests | undefined,
  context: ParseContext,
): {
  readonly lua: LuaSettings;
  readonly luaByName: ReadonlyMap<string, LuaSettings>;
  readonly luaStates: LuaStatesSettings;
} {
  const lua = luaSettingsOf(
    guests?.defaultLua,
    { dialect: undefined, profile: undefined },
    context,
  );
  const luaByName = new Map<string, LuaSettings>();
  for (const entry of guests?.entries ?? []) {
    luaByName.set(entry.name, luaSettingsOf(entry.lua, lua, context));
  }
  return { lua, luaByName, luaStates: luaStatesOf(guests?.luaStates) };
}
