import { isDeepStrictEqual } from "node:util";
import type { JsonValue } from "./suite.ts";

/** What a text (or bytes) must be like. Absent texts are `undefined`. */
export type Matcher =
  | {
      readonly kind: "equals" | "contains" | "starts" | "ends";
      readonly bytes: Buffer;
      readonly text: string;
    }
  | { readonly kind: "matches"; readonly pattern: RegExp }
  | { readonly kind: "absent" | "present" }
  | { readonly kind: "json"; readonly value: JsonValue }
  | { readonly kind: "bytes"; readonly count: number }
  | { readonly kind: "not"; readonly matcher: Matcher }
  | { readonly kind: "all"; readonly matchers: readonly Matcher[] };

export function equalTo(text: string): Matcher {
  return { kind: "equals", bytes: Buffer.from(text), text: JSON.stringify(text) };
}

/** Whether `actual` is what the matcher wants. */
export function meets(matcher: Matcher, actual: Buffer | undefined): boolean {
  switch (matcher.kind) {
    case "absent":
      return actual === undefined;
    case "present":
      return actual !== undefined;
    case "not":
      return !meets(matcher.matcher, actual);
    case "all":
      return matcher.matchers.every((each) => meets(each, actual));
    case "equals":
    case "contains":
    case "starts":
    case "ends":
    case "matches":
    case "json":
    case "bytes":
      return actual !== undefined && meetsPresent(matcher, actual);
  }
}

type PresentMatcher = Exclude<Matcher, { readonly kind: "absent" | "present" | "not" | "all" }>;

function meetsPresent(matcher: PresentMatcher, actual: Buffer): boolean {
  switch (matcher.kind) {
    case "equals":
      return matcher.bytes.equals(actual);
    case "contains":
      return actual.includes(matcher.bytes);
    case "starts":
      return actual.subarray(0, matcher.bytes.length).equals(matcher.bytes);
    case "ends":
      return (
        actual.length >= matcher.bytes.length &&
        actual.subarray(actual.length - matcher.bytes.length).equals(matcher.bytes)
      );
    case "matches":
      return matcher.pattern.test(actual.toString());
    case "json":
      return isDeepStrictEqual(jsonOf(actual), matcher.value);
    case "bytes":
      return actual.length === matcher.count;
  }
}

/** What is wanted, in words: it stands behind "expected". */
export function wanted(matcher: Matcher): string {
  switch (matcher.kind) {
    case "equals":
      return matcher.text;
    case "contains":
      return `something with ${matcher.text} in it`;
    case "starts":
    case "ends":
      return `something that ${matcher.kind} with ${matcher.text}`;
    case "matches":
      return `something that matches ${matcher.pattern.source}`;
    case "absent":
      return "nothing";
    case "present":
      return "something";
    case "json":
      return `JSON of the value ${JSON.stringify(matcher.value)}`;
    case "bytes":
      return `${matcher.count} bytes`;
    case "not":
      return `not ${wanted(matcher.matcher)}`;
    case "all":
      return matcher.matchers.map(wanted).join(" and ");
  }
}

const shownMax = 300;

/** What came instead, on one line. */
export function shown(actual: Buffer | undefined): string {
  if (actual === undefined) return "nothing";
  const text = actual.toString();
  const isText = Buffer.from(text).equals(actual);
  const cut = isText ? JSON.stringify(text.slice(0, shownMax)) : `hex ${hexOf(actual)}`;
  const length = isText ? text.length : actual.length;
  return length > shownMax ? `${cut}… (${actual.length} bytes)` : cut;
}

function hexOf(bytes: Buffer): string {
  return bytes.subarray(0, shownMax).toString("hex");
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}
