import { create, fromJson, type DescMessage, type Message } from "@bufbuild/protobuf";
import {
  DurationSchema,
  FieldMaskSchema,
  ListValueSchema,
  StructSchema,
  TimestampSchema,
  ValueSchema,
} from "@bufbuild/protobuf/wkt";
import type { JsonValue } from "../contracts/stream-info.ts";
import type { Result } from "../contracts/result.ts";
import { setKey } from "./message-access.ts";
import { describe, type MapEntry, type Node } from "./node.ts";

/** Seconds that a duration may have: about ten thousand years, as protobuf says. */
const durationSecondsMax = 315_576_000_000n;

/**
 * Messages of google.protobuf that have a JSON form of their own: from text or from free JSON. Undefined: the
 * message has none, or the node is written field by field.
 */
export function readWellKnown(desc: DescMessage, node: Node): Result<Message, string> | undefined {
  switch (desc.typeName) {
    case "google.protobuf.Duration":
      return node.kind === "map" ? undefined : readDuration(node);
    case "google.protobuf.Timestamp":
      return node.kind === "map" ? undefined : readTimestamp(node);
    case "google.protobuf.FieldMask":
      return node.kind === "map" ? undefined : readFieldMask(node);
    case "google.protobuf.Struct":
      return readStruct(node);
    case "google.protobuf.Value":
      return freeJson(node, (json) => fromJson(ValueSchema, json));
    case "google.protobuf.ListValue":
      return node.kind === "list"
        ? freeJson(node, (json) => fromJson(ListValueSchema, json))
        : { ok: false, error: `expected a list, found ${describe(node)}` };
    default:
      return undefined;
  }
}

function freeJson(node: Node, make: (json: JsonValue) => Message): Result<Message, string> {
  const json = jsonOf(node);
  return json.ok ? { ok: true, value: make(json.value) } : json;
}

function readStruct(node: Node): Result<Message, string> {
  const object = readJsonObject(node);
  return object.ok ? { ok: true, value: fromJson(StructSchema, object.value) } : object;
}

type JsonObject = { [key: string]: JsonValue };

/** A `google.protobuf.Struct` in the form that it has as a field. */
export function readJsonObject(node: Node): Result<JsonObject, string> {
  if (node.kind !== "map") {
    return { ok: false, error: `expected a group of fields, found ${describe(node)}` };
  }
  return jsonOf(node) as Result<JsonObject, string>;
}

/** A node as free JSON. Numbers beyond JSON (`.inf`) are refused. */
function jsonOf(node: Node): Result<JsonValue, string> {
  if (node.kind === "scalar") {
    return typeof node.value === "number" && !Number.isFinite(node.value)
      ? { ok: false, error: `${node.text} is not a number of JSON` }
      : { ok: true, value: node.value };
  }
  if (node.kind === "list") {
    const list: JsonValue[] = [];
    for (const item of node.items) {
      const value = jsonOf(item);
      if (!value.ok) return value;
      list.push(value.value);
    }
    return { ok: true, value: list };
  }
  const object: JsonObject = {};
  for (const [key, entry] of node.entries) {
    const value = jsonOf(entry.value);
    if (!value.ok) return value;
    setKey(object, key, value.value);
  }
  return { ok: true, value: object };
}

/** Free JSON as a node without a place. */
export function nodeOfJson(json: JsonValue): Node {
  const placed = { source: undefined, offset: 0, size: 1 };
  if (Array.isArray(json)) return { ...placed, kind: "list", items: json.map(nodeOfJson) };
  if (typeof json === "object" && json !== null) {
    const entries = new Map<string, MapEntry>();
    for (const [key, value] of Object.entries(json)) {
      entries.set(key, { offset: 0, value: nodeOfJson(value as JsonValue) });
    }
    return { ...placed, kind: "map", entries };
  }
  return {
    ...placed,
    kind: "scalar",
    value: json as string | number | boolean | null,
    text: String(json),
  };
}

function readDuration(node: Node): Result<Message, string> {
  const text = node.kind === "scalar" && typeof node.value === "string" ? node.value : "";
  const match = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?s$/.exec(text);
  const seconds = match ? BigInt(match[2]!) : 0n;
  if (!match || seconds > durationSecondsMax) return { ok: false, error: durationHint(node) };
  const nanos = Number((match[3] ?? "").padEnd(9, "0"));
  const sign = match[1] === "-" ? -1 : 1;
  const value = create(DurationSchema, {
    seconds: sign < 0 ? -seconds : seconds,
    nanos: nanos === 0 ? 0 : sign * nanos,
  });
  return { ok: true, value };
}

const unitSeconds: { readonly [unit: string]: number } = {
  ms: 0.001,
  s: 1,
  "": 1,
  m: 60,
  min: 60,
  h: 3600,
};

function durationHint(node: Node): string {
  const what = `expected a duration, found ${describe(node)}`;
  const match = node.kind === "scalar" ? /^(\d+(?:\.\d+)?)\s*(\w*)$/.exec(node.text) : null;
  const factor = match ? unitSeconds[match[2]!.toLowerCase()] : undefined;
  if (!match || factor === undefined) return `${what}; write seconds: "5s" or "0.25s"`;
  return `${what}; write "${Number((Number(match[1]) * factor).toFixed(9))}s"`;
}

function readTimestamp(node: Node): Result<Message, string> {
  const text = node.kind === "scalar" ? String(node.value) : "";
  const match = /^(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)$/.exec(
    text,
  );
  const ms = match ? Date.parse(`${match[1]}${match[3]}`.toUpperCase()) : Number.NaN;
  if (!match || Number.isNaN(ms)) {
    return {
      ok: false,
      error: `expected a time, found ${describe(node)}; write "2026-01-31T12:00:00Z"`,
    };
  }
  const nanos = Number((match[2] ?? "").padEnd(9, "0"));
  return { ok: true, value: create(TimestampSchema, { seconds: BigInt(ms / 1000), nanos }) };
}

function readFieldMask(node: Node): Result<Message, string> {
  if (node.kind !== "scalar" || typeof node.value !== "string") {
    return { ok: false, error: `expected field paths, found ${describe(node)}` };
  }
  const paths = node.value.split(",").filter((path) => path !== "");
  const snake = paths.map((path) => path.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`));
  return { ok: true, value: create(FieldMaskSchema, { paths: snake }) };
}
