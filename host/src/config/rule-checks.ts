import type { Message } from "@bufbuild/protobuf";

/** Says what is wrong with a value; undefined when nothing is. */
export type Check = (value: unknown) => string | undefined;

/** The fields of one rules message (`validate.StringRules` …) that are set. */
export type Rules = { readonly [name: string]: unknown };

/** One check out of all rules of a message, by the kind of rules. Throws for a rule that it does not know. */
export function checkOf(kind: string, rules: Rules): Check {
  const checks: Check[] = [];
  const ranges = rangeCheck(kind, rules);
  if (ranges) checks.push(ranges);
  for (const [name, wanted] of Object.entries(rules)) {
    if (rangeNames.has(name) || ignoredNames.has(name)) continue;
    checks.push(singleCheck(kind, name, wanted, rules));
  }
  const all: Check = (value) => {
    for (const check of checks) {
      const text = check(value);
      if (text !== undefined) return text;
    }
    return undefined;
  };
  return rules["ignoreEmpty"] === true ? (value) => (isZero(value) ? undefined : all(value)) : all;
}

const rangeNames = new Set(["lt", "lte", "gt", "gte"]);
/** Modifiers of other rules, and `required`, which the caller looks at. */
const ignoredNames = new Set(["strict", "ignoreEmpty", "required", "definedOnly"]);

function isZero(value: unknown): boolean {
  return value === "" || value === 0 || value === 0n || (value as Uint8Array).length === 0;
}

function singleCheck(kind: string, name: string, wanted: unknown, rules: Rules): Check {
  if (name === "wellKnownRegex") return headerCheck(wanted as number, rules["strict"] !== false);
  const make = kind === "bytes" ? bytesRules[name] : (stringRules[name] ?? commonRules[name]);
  const common = make ?? commonRules[name];
  if (!common) throw new Error(`the rule ${kind}.${name} is not implemented`);
  return common(wanted);
}

type Make = (wanted: unknown) => Check;

const commonRules: { readonly [name: string]: Make } = {
  const: (wanted) => (value) => (same(value, wanted) ? undefined : `must be ${show(wanted)}`),
  in: (wanted) => {
    const list = wanted as unknown[];
    const text = `must be one of ${list.map(show).join(", ")}`;
    return (value) => (list.some((item) => same(value, item)) ? undefined : text);
  },
  notIn: (wanted) => {
    const list = wanted as unknown[];
    return (value) =>
      list.some((item) => same(value, item)) ? `must not be ${show(value)}` : undefined;
  },
};

const stringRules: { readonly [name: string]: Make } = {
  minLen: atLeast(characters, "characters"),
  maxLen: atMost(characters, "characters"),
  minBytes: atLeast(utf8Bytes, "bytes"),
  maxBytes: atMost(utf8Bytes, "bytes"),
  pattern: (wanted) => {
    const pattern = new RegExp(regularExpression(wanted as string), "u");
    const text = `must match ${wanted as string}`;
    return (value) => (pattern.test(value as string) ? undefined : text);
  },
  prefix: (wanted) => (value) =>
    (value as string).startsWith(wanted as string) ? undefined : `must begin with ${show(wanted)}`,
  suffix: (wanted) => (value) =>
    (value as string).endsWith(wanted as string) ? undefined : `must end with ${show(wanted)}`,
  contains: (wanted) => (value) =>
    (value as string).includes(wanted as string) ? undefined : `must contain ${show(wanted)}`,
  notContains: (wanted) => (value) =>
    (value as string).includes(wanted as string) ? `must not contain ${show(wanted)}` : undefined,
};

const bytesRules: { readonly [name: string]: Make } = {
  minLen: atLeast((value) => (value as Uint8Array).length, "bytes"),
  maxLen: atMost((value) => (value as Uint8Array).length, "bytes"),
};

function atLeast(size: (value: unknown) => number, unit: string): Make {
  return (wanted) => {
    const min = Number(wanted);
    return (value) => {
      const found = size(value);
      if (found >= min) return undefined;
      return found === 0 ? "must not be empty" : `must have at least ${min} ${unit}`;
    };
  };
}

function atMost(size: (value: unknown) => number, unit: string): Make {
  return (wanted) => {
    const max = Number(wanted);
    return (value) => (size(value) > max ? `must have at most ${max} ${unit}` : undefined);
  };
}

/** RE2 lets `-` and `/` be escaped anywhere; with the u flag JavaScript does not. */
function regularExpression(re2: string): string {
  return re2.replaceAll(/\\([~:/])/g, "$1");
}

function characters(value: unknown): number {
  const text = value as string;
  let pairs = 0;
  for (let i = 0; i < text.length; i += 1) if ((text.charCodeAt(i) & 0xfc00) === 0xdc00) pairs += 1;
  return text.length - pairs;
}

function utf8Bytes(value: unknown): number {
  return Buffer.byteLength(value as string);
}

const headerName = /^:?[0-9a-zA-Z!#$%&'*+\-.^_|~`]+$/;
// oxlint-disable-next-line no-control-regex
const headerValue = /^[^\u0000-\u0008\u000a-\u001f\u007f]*$/;
// oxlint-disable-next-line no-control-regex
const looseHeader = /^[^\u0000\n\r]*$/;

/** `validate.KnownRegex`: 1 is a header name, 2 a header value. */
function headerCheck(known: number, strict: boolean): Check {
  const what = known === 1 ? "a header name" : "a header value";
  const pattern = !strict ? looseHeader : known === 1 ? headerName : headerValue;
  return (value) => (pattern.test(value as string) ? undefined : `must be ${what}`);
}

/** Bounds. An upper bound below the lower one means "outside", as in protoc-gen-validate. */
function rangeCheck(kind: string, rules: Rules): Check | undefined {
  const lower = bound(rules, "gt", "gte");
  const upper = bound(rules, "lt", "lte");
  if (!lower && !upper) return undefined;
  const number = kind === "duration" ? durationNanos : (value: unknown) => value as number | bigint;
  const min = lower ? number(lower.value) : undefined;
  const max = upper ? number(upper.value) : undefined;
  const above = (value: number | bigint): boolean =>
    min === undefined || (lower!.open ? value > min : value >= min);
  const below = (value: number | bigint): boolean =>
    max === undefined || (upper!.open ? value < max : value <= max);
  const outside = min !== undefined && max !== undefined && max < min;
  const texts = [
    lower && `${lower.open ? "more than" : "at least"} ${show(lower.value)}`,
    upper && `${upper.open ? "less than" : "at most"} ${show(upper.value)}`,
  ].filter((text) => text !== undefined);
  const text = `must be ${texts.join(outside ? " or " : " and ")}`;
  return (value) => {
    const n = number(value);
    const good = outside ? above(n) || below(n) : above(n) && below(n);
    return good ? undefined : text;
  };
}

function bound(
  rules: Rules,
  open: string,
  closed: string,
): { readonly value: unknown; readonly open: boolean } | undefined {
  if (rules[open] !== undefined) return { value: rules[open], open: true };
  return rules[closed] === undefined ? undefined : { value: rules[closed], open: false };
}

type DurationLike = { readonly seconds: bigint; readonly nanos: number };

export function durationNanos(value: unknown): bigint {
  const { seconds, nanos } = value as DurationLike;
  return seconds * 1_000_000_000n + BigInt(nanos);
}

function same(a: unknown, b: unknown): boolean {
  if (isDuration(a) && isDuration(b)) return durationNanos(a) === durationNanos(b);
  return a === b;
}

function isDuration(value: unknown): boolean {
  return (value as Message | undefined)?.$typeName === "google.protobuf.Duration";
}

function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (!isDuration(value)) return String(value);
  return `${Number(durationNanos(value)) / 1e9}s`;
}
