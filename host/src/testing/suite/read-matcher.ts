import type { ProblemList } from "../../config/problem.ts";
import { base64Bytes, hexBytes } from "./content.ts";
import type { HeaderExpectation, Placed } from "./expectation.ts";
import { jsonOf, listOf, MapReader, textOf, type Value } from "./map-reader.ts";
import { equalTo, type Matcher } from "./matcher.ts";

/** A text that must be equal, nothing (`null`), or a group of conditions that must all be met. */
export function readMatcher(value: Value, problems: ProblemList): Matcher {
  const { node } = value;
  if (node.kind === "scalar") {
    return node.value === null ? { kind: "absent" } : equalTo(node.text);
  }
  if (node.kind === "list") {
    problems.error(value.place, "must be one text or expectation; this is a list");
    return { kind: "present" };
  }
  const reader = new MapReader(value, problems);
  const matchers = reader.all().flatMap((field) => readCondition(field, problems) ?? []);
  if (matchers.length === 0) {
    const text = `expects nothing: give one of ${Object.keys(conditions).join(", ")}`;
    if (node.entries.size === 0) problems.error(value.place, text);
    return { kind: "present" };
  }
  checkPossible(value, matchers, problems);
  return matchers.length === 1 ? matchers[0]! : { kind: "all", matchers };
}

type Condition = (value: Value, problems: ProblemList) => Matcher;

const conditions: { readonly [name: string]: Condition } = {
  equals: (value, problems) => equalTo(textOf(value, problems)),
  contains: textCondition("contains"),
  starts: textCondition("starts"),
  ends: textCondition("ends"),
  matches: readPattern,
  absent: readPresence(true),
  present: readPresence(false),
  json: (value) => ({ kind: "json", value: jsonOf(value.node) }),
  hex: (value, problems) => equalBytes(hexBytes(value, problems)),
  base64: (value, problems) => equalBytes(base64Bytes(value, problems)),
  bytes: readCount,
  not: (value, problems) => ({ kind: "not", matcher: readMatcher(value, problems) }),
};

function readCondition(
  field: Value & { readonly name: string },
  problems: ProblemList,
): Matcher | undefined {
  const condition = Object.hasOwn(conditions, field.name) ? conditions[field.name] : undefined;
  if (condition !== undefined) return condition(field, problems);
  const names = Object.keys(conditions).join(", ");
  problems.error(field.place, `there is no expectation "${field.name}"; there are ${names}`);
  return undefined;
}

function textCondition(kind: "contains" | "starts" | "ends"): Condition {
  return (value, problems) => {
    const text = textOf(value, problems);
    return { kind, bytes: Buffer.from(text), text: JSON.stringify(text) };
  };
}

function equalBytes(bytes: Buffer): Matcher {
  return { kind: "equals", bytes, text: `hex ${bytes.toString("hex")}` };
}

function readPattern(value: Value, problems: ProblemList): Matcher {
  const text = textOf(value, problems);
  try {
    return { kind: "matches", pattern: new RegExp(text, "s") };
  } catch (error) {
    problems.error(value.place, error instanceof Error ? error.message : String(error));
    return { kind: "present" };
  }
}

function readPresence(ofAbsent: boolean): Condition {
  return (value, problems) => {
    const { node } = value;
    if (node.kind !== "scalar" || typeof node.value !== "boolean") {
      problems.error(value.place, "must be true or false");
      return { kind: "present" };
    }
    return { kind: node.value === ofAbsent ? "absent" : "present" };
  };
}

function readCount(value: Value, problems: ProblemList): Matcher {
  const count = value.node.kind === "scalar" ? value.node.value : undefined;
  if (typeof count === "number" && count >= 0) return { kind: "bytes", count };
  problems.error(value.place, "must be a number of bytes");
  return { kind: "present" };
}

function checkPossible(value: Value, matchers: readonly Matcher[], problems: ProblemList): void {
  if (matchers.length === 1) return;
  if (matchers.some(({ kind }) => kind === "absent")) {
    problems.error(value.place, "can never be met: what is absent is not like anything");
  }
  const equals = matchers.filter(({ kind }) => kind === "equals" || kind === "json");
  if (equals.length > 1) {
    problems.error(value.place, "can never be met: it is to be equal to two things; leave one out");
  }
}

/** A matcher with its place. */
export function readPlaced(value: Value | undefined, problems: ProblemList): Placed | undefined {
  return value && { matcher: readMatcher(value, problems), place: value.place };
}

/** Headers or trailers: a matcher each, or a list of them. */
export function readHeaderExpectations(
  value: Value | undefined,
  problems: ProblemList,
): HeaderExpectation[] {
  if (value === undefined) return [];
  return new MapReader(value, problems).all().map((entry) => {
    const isList = entry.node.kind === "list";
    const values = isList ? listOf(entry, problems) : [entry];
    const name = entry.name.toLowerCase();
    return { name, isList, values: values.map((each) => readPlaced(each, problems)!) };
  });
}
