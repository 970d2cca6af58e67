import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { ProblemList } from "../../config/problem.ts";
import { jsonOf, listOf, MapReader, textOf, type Value } from "./map-reader.ts";
import type { HeaderList } from "./suite.ts";

/** What reading a suite needs everywhere. */
export interface ReadContext {
  readonly problems: ProblemList;
  /** Folder that files are relative to. */
  readonly folder: string;
  /** The steps of a case come later, from a program, each by itself. */
  readonly fromProgram?: boolean | undefined;
}

/** More bytes are a slip of the finger. */
const timesMax = 100_000_000;

/** Something to be sent: text, or `{ text | hex | base64 | json | file, times }`. */
export function readContent(value: Value, context: ReadContext): Buffer {
  const { problems } = context;
  if (value.node.kind === "scalar") return Buffer.from(textOf(value, problems));
  const reader = new MapReader(value, problems);
  const bytes = readBytes(reader, context);
  const times = reader.whole("times", 0, timesMax) ?? 1;
  reader.end(contentFields);
  if (bytes === undefined) {
    if (value.node.kind === "map") {
      reader.error(value, `says no content: give a text, or one of ${contentFields.join(", ")}`);
    }
    return Buffer.alloc(0);
  }
  if (bytes.length * times > timesMax) {
    reader.error(value, `has ${bytes.length * times} bytes; ${timesMax} is the most`);
    return bytes;
  }
  return times === 1 ? bytes : Buffer.concat(Array.from({ length: times }, () => bytes));
}

const contentFields = ["text", "hex", "base64", "json", "file"];

function readBytes(reader: MapReader, context: ReadContext): Buffer | undefined {
  const text = reader.text("text");
  const hex = reader.get("hex");
  const base64 = reader.get("base64");
  const json = reader.get("json");
  const file = reader.get("file");
  if (text !== undefined) return Buffer.from(text);
  if (hex !== undefined) return hexBytes(hex, context.problems);
  if (base64 !== undefined) return base64Bytes(base64, context.problems);
  if (json !== undefined) return Buffer.from(JSON.stringify(jsonOf(json.node)));
  return file && fileBytes(file, context);
}

export function hexBytes(value: Value, problems: ProblemList): Buffer {
  const text = textOf(value, problems).replaceAll(" ", "");
  if (/^(?:[0-9a-fA-F]{2})*$/.test(text)) return Buffer.from(text, "hex");
  problems.error(value.place, `'${text}' is not hexadecimal: two digits for each byte, in quotes`);
  return Buffer.alloc(0);
}

export function base64Bytes(value: Value, problems: ProblemList): Buffer {
  const text = textOf(value, problems);
  if (/^[A-Za-z0-9+/_-]*={0,2}$/.test(text)) return Buffer.from(text, "base64");
  problems.error(value.place, `'${text}' is not base64`);
  return Buffer.alloc(0);
}

function fileBytes(value: Value, { problems, folder }: ReadContext): Buffer {
  const file = path.resolve(folder, textOf(value, problems));
  if (existsSync(file)) return readFileSync(file);
  problems.error(value.place, `there is no file ${file}`);
  return Buffer.alloc(0);
}

/** `body` or `chunks`: pieces, and whether they are one that has a length. */
export function readBody(
  reader: MapReader,
  context: ReadContext,
): { readonly chunks: readonly Buffer[]; readonly whole: boolean } {
  const body = reader.get("body");
  const chunks = reader.get("chunks");
  if (body !== undefined && chunks !== undefined) {
    reader.error(chunks, "give the body as body or in chunks, not both");
  }
  if (chunks !== undefined) {
    const pieces = listOf(chunks, context.problems).map((each) => readContent(each, context));
    return { chunks: pieces.filter((piece) => piece.length > 0), whole: false };
  }
  const bytes = body && readContent(body, context);
  return { chunks: bytes === undefined || bytes.length === 0 ? [] : [bytes], whole: true };
}

/** Names in the order of the suite; a list is one header per value. */
export function readHeaders(value: Value | undefined, { problems }: ReadContext): HeaderList {
  if (value === undefined) return [];
  const reader = new MapReader(value, problems);
  return reader.all().flatMap((entry) => {
    const name = entry.name.toLowerCase();
    if (!/^:?[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name)) {
      problems.error(entry.place, `"${entry.name}" is no name of a header`);
    }
    const values = entry.node.kind === "list" ? listOf(entry, problems) : [entry];
    return values.map((each) => [name, headerValue(each, problems)] as const);
  });
}

function headerValue(value: Value, problems: ProblemList): string {
  const text = textOf(value, problems);
  if (/[\r\n\0]/.test(text)) problems.error(value.place, "a header has one line only");
  return text;
}
