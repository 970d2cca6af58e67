import type { TimeSource } from "../../../contracts/event.ts";
import type { HostFunction, LuaEngine } from "../engine/lua-engine.ts";
import { LuaType } from "../engine/lua-exports.ts";

/** Longest format of `os.date`, in bytes: no limit stops the host while it makes the text. */
const formatMax = 4096;

/** The functions of `os` that reach the machine: clocks and the environment, read only. */
export function osFunctions(
  engine: LuaEngine,
  timeSource: TimeSource,
): { readonly [name: string]: HostFunction } {
  const { api } = engine;
  const absent = (L: number, arg: number): boolean => api.lua_type(L, arg) <= LuaType.Nil;
  return {
    time: (L) => {
      const ms = absent(L, 1) ? timeSource.systemMs() : readTime(engine, L);
      api.lua_pushnumber(L, Math.floor(ms / 1000));
      return 1;
    },
    date: (L) => {
      const format = absent(L, 1) ? "%c" : engine.checkString(L, 1);
      if (format.length > formatMax) {
        return engine.throwError(L, `os.date takes a format of ${formatMax} bytes at most`);
      }
      const seconds = absent(L, 2) ? timeSource.systemMs() / 1000 : api.luaL_checknumber(L, 2);
      const utc = format.startsWith("!");
      const time = brokenDown(Math.floor(seconds), utc);
      const text = utc ? format.slice(1) : format;
      if (text.startsWith("*t")) pushTime(engine, L, time);
      else engine.pushString(L, formatTime(text, time));
      return 1;
    },
    clock: (L) => {
      const { user, system } = process.cpuUsage();
      api.lua_pushnumber(L, (user + system) / 1e6);
      return 1;
    },
    difftime: (L) => {
      const to = api.luaL_checknumber(L, 1);
      api.lua_pushnumber(L, to - (absent(L, 2) ? 0 : api.luaL_checknumber(L, 2)));
      return 1;
    },
    getenv: (L) => {
      const value = process.env[engine.checkString(L, 1)];
      if (value === undefined) api.lua_pushnil(L);
      else engine.pushBytes(L, Buffer.from(value));
      return 1;
    },
  };
}

/** C's `struct tm`, with full years, and days and months counted from 1. */
interface BrokenDownTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly min: number;
  readonly sec: number;
  /** Sunday is 1. */
  readonly wday: number;
  readonly yday: number;
  readonly offsetMinutes: number;
  readonly zone: string;
}

function brokenDown(seconds: number, utc: boolean): BrokenDownTime {
  const at = new Date(seconds * 1000);
  const offset = utc ? 0 : -at.getTimezoneOffset();
  const shifted = new Date(at.getTime() + offset * 60_000);
  const newYear = Date.UTC(shifted.getUTCFullYear(), 0, 1);
  return {
    year: shifted.getUTCFullYear(),
    month: shifted.getUTCMonth() + 1,
    day: shifted.getUTCDate(),
    hour: shifted.getUTCHours(),
    min: shifted.getUTCMinutes(),
    sec: shifted.getUTCSeconds(),
    wday: shifted.getUTCDay() + 1,
    yday: Math.floor((shifted.getTime() - newYear) / 86_400_000) + 1,
    offsetMinutes: offset,
    zone: utc ? "GMT" : zoneName(at),
  };
}

function zoneName(at: Date): string {
  const parts = new Intl.DateTimeFormat("en-US", { timeZoneName: "short" }).formatToParts(at);
  return parts.find((part) => part.type === "timeZoneName")?.value ?? "";
}

/** Local time from the table at 1, as `mktime` takes it. */
function readTime(engine: LuaEngine, L: number): number {
  const { api } = engine;
  if (api.lua_type(L, 1) !== LuaType.Table) {
    return api.luaL_typeerror(L, 1, engine.cString("table"));
  }
  const field = (name: string, fallback: number | undefined): number => {
    api.lua_getfield(L, 1, engine.cString(name));
    const text = engine.toString(L, -1);
    engine.pop(L, 1);
    const value = text === undefined ? fallback : Math.trunc(Number(text));
    return value ?? engine.throwError(L, `field '${name}' missing in date table`);
  };
  const day = [field("year", undefined), field("month", undefined), field("day", undefined)];
  const time = [field("hour", 12), field("min", 0), field("sec", 0)];
  return new Date(day[0]!, day[1]! - 1, day[2], time[0], time[1], time[2]).getTime();
}

function pushTime(engine: LuaEngine, L: number, time: BrokenDownTime): void {
  const { api } = engine;
  api.lua_createtable(L, 0, 9);
  for (const name of ["year", "month", "day", "hour", "min", "sec", "wday", "yday"] as const) {
    api.lua_pushnumber(L, time[name]);
    api.lua_setfield(L, -2, engine.cString(name));
  }
  api.lua_pushboolean(L, 0);
  api.lua_setfield(L, -2, engine.cString("isdst"));
}

const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const months =
  "January February March April May June July August September October November December".split(
    " ",
  );

/** C's `strftime` in the C locale; a conversion that it does not have stays as it is written. */
function formatTime(format: string, time: BrokenDownTime): string {
  return format.replaceAll(/%([^])/g, (whole, letter: string) => {
    const compound = compounds[letter];
    if (compound !== undefined) return formatTime(compound, time);
    return conversions[letter]?.(time) ?? whole;
  });
}

const compounds: { readonly [letter: string]: string } = {
  c: "%a %b %e %H:%M:%S %Y",
  x: "%m/%d/%y",
  X: "%H:%M:%S",
  D: "%m/%d/%y",
  F: "%Y-%m-%d",
  R: "%H:%M",
  T: "%H:%M:%S",
  r: "%I:%M:%S %p",
  h: "%b",
};

const two = (n: number): string => String(n).padStart(2, "0");
const hour12 = (t: BrokenDownTime): number => ((t.hour + 11) % 12) + 1;

const conversions: { readonly [letter: string]: (time: BrokenDownTime) => string } = {
  a: (t) => days[t.wday - 1]!.slice(0, 3),
  A: (t) => days[t.wday - 1]!,
  b: (t) => months[t.month - 1]!.slice(0, 3),
  B: (t) => months[t.month - 1]!,
  C: (t) => two(Math.floor(t.year / 100)),
  d: (t) => two(t.day),
  e: (t) => String(t.day).padStart(2, " "),
  H: (t) => two(t.hour),
  I: (t) => two(hour12(t)),
  j: (t) => String(t.yday).padStart(3, "0"),
  m: (t) => two(t.month),
  M: (t) => two(t.min),
  n: () => "\n",
  p: (t) => (t.hour < 12 ? "AM" : "PM"),
  S: (t) => two(t.sec),
  t: () => "\t",
  u: (t) => String(t.wday === 1 ? 7 : t.wday - 1),
  U: (t) => two(Math.floor((t.yday + 7 - t.wday) / 7)),
  w: (t) => String(t.wday - 1),
  W: (t) => two(Math.floor((t.yday + 6 - ((t.wday + 5) % 7)) / 7)),
  y: (t) => two(t.year % 100),
  Y: (t) => String(t.year),
  z: (t) => {
    const minutes = Math.abs(t.offsetMinutes);
    return `${t.offsetMinutes < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}${two(minutes % 60)}`;
  },
  Z: (t) => t.zone,
  "%": () => "%",
};
