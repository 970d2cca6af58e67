// The C library's strftime in the "C" locale, with the extensions that Envoy's time formats have.

const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const months = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

/** A point in time, broken down in one time zone. */
interface BrokenTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
  /** 0 is the first of January. */
  readonly yearDay: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** Nanoseconds of the second, nine digits. */
  readonly fraction: string;
  readonly epochSeconds: number;
  readonly offsetMinutes: number;
  readonly zone: string;
}

type Part = string | ((time: BrokenTime) => string);

const two = (value: number): string => String(value).padStart(2, "0");
const blank = (value: number): string => String(value).padStart(2, " ");
const twelve = (hour: number): number => (hour % 12 === 0 ? 12 : hour % 12);

function offset(minutes: number, separator: string, seconds: string): string {
  const absolute = Math.abs(minutes);
  const sign = minutes < 0 ? "-" : "+";
  return `${sign}${two(Math.trunc(absolute / 60))}${separator}${two(absolute % 60)}${seconds}`;
}

/** ISO 8601 week and its year. */
function isoWeek(time: BrokenTime): { readonly week: number; readonly year: number } {
  const date = new Date(Date.UTC(time.year, time.month, time.day));
  // The week belongs to the year of its Thursday.
  date.setUTCDate(date.getUTCDate() + 4 - (time.weekday === 0 ? 7 : time.weekday));
  const year = date.getUTCFullYear();
  const dayOfYear = (date.getTime() - Date.UTC(year, 0, 1)) / 86_400_000;
  return { week: Math.floor(dayOfYear / 7) + 1, year };
}

function weekOfYear(time: BrokenTime, firstWeekday: number): number {
  return Math.floor((time.yearDay + 7 - ((time.weekday + 7 - firstWeekday) % 7)) / 7);
}

const date = (t: BrokenTime): string => `${t.year}-${two(t.month + 1)}-${two(t.day)}`;
const usDate = (t: BrokenTime): string => `${two(t.month + 1)}/${two(t.day)}/${two(t.year % 100)}`;
const clock = (t: BrokenTime): string => `${two(t.hour)}:${two(t.minute)}:${two(t.second)}`;
const shortMonth = (t: BrokenTime): string => months[t.month]!.slice(0, 3);
const shortDay = (t: BrokenTime): string => days[t.weekday]!.slice(0, 3);
const half = (t: BrokenTime): string => (t.hour < 12 ? "AM" : "PM");

const specifiers: { readonly [letter: string]: Part } = {
  "%": "%",
  n: "\n",
  t: "\t",
  Y: (t) => String(t.year),
  C: (t) => two(Math.floor(t.year / 100)),
  y: (t) => two(t.year % 100),
  G: (t) => String(isoWeek(t).year),
  g: (t) => two(isoWeek(t).year % 100),
  m: (t) => two(t.month + 1),
  B: (t) => months[t.month]!,
  b: shortMonth,
  h: shortMonth,
  d: (t) => two(t.day),
  e: (t) => blank(t.day),
  j: (t) => String(t.yearDay + 1).padStart(3, "0"),
  A: (t) => days[t.weekday]!,
  a: shortDay,
  u: (t) => String(t.weekday === 0 ? 7 : t.weekday),
  w: (t) => String(t.weekday),
  U: (t) => two(weekOfYear(t, 0)),
  W: (t) => two(weekOfYear(t, 1)),
  V: (t) => two(isoWeek(t).week),
  H: (t) => two(t.hour),
  I: (t) => two(twelve(t.hour)),
  k: (t) => blank(t.hour),
  l: (t) => blank(twelve(t.hour)),
  M: (t) => two(t.minute),
  S: (t) => two(t.second),
  p: half,
  P: (t) => half(t).toLowerCase(),
  s: (t) => String(t.epochSeconds),
  f: (t) => t.fraction,
  z: (t) => offset(t.offsetMinutes, "", ""),
  Z: (t) => t.zone,
  F: date,
  D: usDate,
  x: usDate,
  T: clock,
  X: clock,
  R: (t) => `${two(t.hour)}:${two(t.minute)}`,
  r: (t) => `${two(twelve(t.hour))}:${two(t.minute)}:${two(t.second)} ${half(t)}`,
  c: (t) => `${shortDay(t)} ${shortMonth(t)} ${blank(t.day)} ${clock(t)} ${t.year}`,
  // What stands between `%` and its letter, or what follows `%E`.
  Ez: (t) => offset(t.offsetMinutes, ":", ""),
  "E*z": (t) => offset(t.offsetMinutes, ":", ":00"),
  "E*S": (t) => {
    const digits = t.fraction.replace(/0+$/, "");
    return digits === "" ? two(t.second) : `${two(t.second)}.${digits}`;
  },
  "E*f": (t) => t.fraction.replace(/0+$/, "") || "0",
  E4Y: (t) => String(t.year).padStart(4, "0"),
  ET: "T",
};

const specifier = /%(?:(E\*[Szf]|Ez|E4Y|ET)|E([0-9]{1,2})([Sf])|([1-9])f|([A-Za-z%]))/g;

/** A time format that has been read once. */
export class TimeFormat {
  readonly #parts: readonly Part[];

  constructor(format: string) {
    this.#parts = parse(format);
  }

  /** `systemMs`: since the epoch, with fractions down to microseconds. */
  format(systemMs: number, local: boolean): string {
    const time = local ? brokenLocal(systemMs) : brokenUtc(systemMs);
    let text = "";
    for (const part of this.#parts) text += typeof part === "string" ? part : part(time);
    return text;
  }
}

function parse(format: string): Part[] {
  const parts: Part[] = [];
  let end = 0;
  for (const match of format.matchAll(specifier)) {
    parts.push(format.slice(end, match.index), partOf(match));
    end = match.index + match[0].length;
  }
  parts.push(format.slice(end));
  return parts.filter((part) => part !== "");
}

function partOf(match: RegExpExecArray): Part {
  const [whole, extended, extendedDigits, extendedLetter, digits, letter] = match;
  if (extendedDigits !== undefined) {
    const count = Number(extendedDigits);
    const fraction = (t: BrokenTime): string => t.fraction.slice(0, count).padEnd(count, "0");
    if (extendedLetter === "f") return fraction;
    return (t) => (count === 0 ? two(t.second) : `${two(t.second)}.${fraction(t)}`);
  }
  if (digits !== undefined) return (t) => t.fraction.slice(0, Number(digits));
  // An unknown letter prints as it stands.
  return specifiers[(extended ?? letter)!] ?? whole;
}

function fractionOf(systemMs: number): string {
  const micros = Math.floor((systemMs - Math.floor(systemMs / 1000) * 1000) * 1000);
  return `${String(micros).padStart(6, "0")}000`;
}

function brokenUtc(systemMs: number): BrokenTime {
  const at = new Date(systemMs);
  const year = at.getUTCFullYear();
  return {
    year,
    month: at.getUTCMonth(),
    day: at.getUTCDate(),
    weekday: at.getUTCDay(),
    yearDay: Math.floor((at.getTime() - Date.UTC(year, 0, 1)) / 86_400_000),
    hour: at.getUTCHours(),
    minute: at.getUTCMinutes(),
    second: at.getUTCSeconds(),
    fraction: fractionOf(systemMs),
    epochSeconds: Math.floor(systemMs / 1000),
    offsetMinutes: 0,
    zone: "UTC",
  };
}

function brokenLocal(systemMs: number): BrokenTime {
  const at = new Date(systemMs);
  const offsetMinutes = -at.getTimezoneOffset();
  // The local wall clock read as if it were UTC breaks down the same way.
  const shifted = brokenUtc(systemMs + offsetMinutes * 60_000);
  return {
    ...shifted,
    epochSeconds: Math.floor(systemMs / 1000),
    offsetMinutes,
    zone: zoneName(at),
  };
}

let zoneParts: Intl.DateTimeFormat | undefined;

function zoneName(at: Date): string {
  zoneParts ??= new Intl.DateTimeFormat("en-US", { timeZoneName: "short" });
  return zoneParts.formatToParts(at).find((part) => part.type === "timeZoneName")?.value ?? "";
}
