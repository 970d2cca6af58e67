import type { AccessLogType } from "../contracts/access-log.ts";
import type { Result } from "../contracts/result.ts";
import type { JsonValue, StreamInfo } from "../contracts/stream-info.ts";
import { jsonString, toByteText } from "./byte-text.ts";
import { type FormatOptions, type Formatter, parseSegments, TextFormatter } from "./formatter.ts";

/** One place of the object: its JSON text, or undefined when the value is null. */
interface JsonNode {
  json(info: StreamInfo, type: AccessLogType): string | undefined;
}

/**
 * A JSON format (`json_format`): strings may hold commands, a string that is one command keeps the command's
 * type. Keys are sorted; one object per line. `omitEmptyValues` leaves out what would be null.
 */
export function compileJsonFormat(
  format: { readonly [key: string]: JsonValue },
  options: FormatOptions = {},
): Result<Formatter, string> {
  const root = compileNode(format, options);
  if (!root.ok) return root;
  return {
    ok: true,
    value: { format: (info, type = "NotSet") => `${root.value.json(info, type) ?? "null"}\n` },
  };
}

function compileNode(value: JsonValue, options: FormatOptions): Result<JsonNode, string> {
  if (typeof value === "string") return compileString(value, options);
  if (value === null || typeof value !== "object") return { ok: true, value: constant(value) };
  return Array.isArray(value) ? compileList(value, options) : compileObject(value, options);
}

function constant(value: number | boolean | null): JsonNode {
  const json = value === null ? undefined : JSON.stringify(value);
  return { json: () => json };
}

function compileString(text: string, options: FormatOptions): Result<JsonNode, string> {
  const segments = parseSegments(text, options);
  if (!segments.ok) return segments;
  const { literals, providers } = segments.value;
  if (providers.length === 0) {
    const json = jsonString(literals[0]!);
    return { ok: true, value: { json: () => json } };
  }
  if (providers.length === 1 && literals[0] === "" && literals[1] === "") {
    return { ok: true, value: providers[0]! };
  }
  const unset = options.omitEmptyValues === true ? "" : "-";
  const formatter = new TextFormatter(segments.value, unset);
  return { ok: true, value: { json: (info, type) => jsonString(formatter.format(info, type)) } };
}

function compileList(
  values: readonly JsonValue[],
  options: FormatOptions,
): Result<JsonNode, string> {
  const nodes: JsonNode[] = [];
  for (const value of values) {
    const node = compileNode(value, options);
    if (!node.ok) return node;
    nodes.push(node.value);
  }
  const prefixes = nodes.map(() => "");
  return { ok: true, value: container("[", "]", prefixes, nodes, options) };
}

function compileObject(
  object: { readonly [key: string]: JsonValue },
  options: FormatOptions,
): Result<JsonNode, string> {
  const keys = Object.keys(object).map(toByteText).sort(byteOrder);
  const byKey = new Map(Object.entries(object).map(([key, value]) => [toByteText(key), value]));
  const nodes: JsonNode[] = [];
  for (const key of keys) {
    const node = compileNode(byKey.get(key)!, options);
    if (!node.ok) return node;
    nodes.push(node.value);
  }
  const prefixes = keys.map((key) => `${jsonString(key)}:`);
  return { ok: true, value: container("{", "}", prefixes, nodes, options) };
}

function byteOrder(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function container(
  open: string,
  close: string,
  prefixes: readonly string[],
  nodes: readonly JsonNode[],
  options: FormatOptions,
): JsonNode {
  const omit = options.omitEmptyValues === true;
  return {
    json(info, type) {
      let text = open;
      for (let i = 0; i < nodes.length; i += 1) {
        const value = nodes[i]!.json(info, type);
        if (value === undefined && omit) continue;
        if (text.length > 1) text += ",";
        text += prefixes[i]! + (value ?? "null");
      }
      return text + close;
    },
  };
}
