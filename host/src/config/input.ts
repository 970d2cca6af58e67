import fs from "node:fs";
import path from "node:path";
import { TextDecoder } from "node:util";
import type { Result } from "../contracts/result.ts";
import type { Node } from "./node.ts";
import { fileOnly, type ProblemList } from "./problem.ts";
import { Source } from "./source.ts";
import { parseYaml } from "./yaml.ts";

/** Bytes of one configuration file or text. */
export const configBytesMax = 64 * 1_048_576;

/** A configuration that was read and not looked into yet. */
export type Input =
  | { readonly kind: "text"; readonly source: Source; readonly node: Node }
  | { readonly kind: "binary"; readonly source: Source; readonly bytes: Uint8Array };

/**
 * Reads a configuration file. Its form is told by its name as in Envoy: `.yaml`, `.yml`; `.pb` is a serialised
 * message; all else is JSON. Reports what is wrong and gives undefined then.
 */
export function readConfigFile(file: string, problems: ProblemList): Input | undefined {
  const extension = path.extname(file);
  if (extension === ".pb_text" || extension === ".pb_length_delimited") {
    const text = `${extension} files are not supported; write the configuration as YAML, JSON or .pb`;
    problems.error(fileOnly(file), text);
    return undefined;
  }
  const bytes = readFile(file);
  if (!bytes.ok) {
    problems.error(fileOnly(file), bytes.error);
    return undefined;
  }
  if (extension === ".pb") {
    return { kind: "binary", source: new Source(file, ""), bytes: bytes.value };
  }
  const json = extension !== ".yaml" && extension !== ".yml";
  return parseInput(file, bytes.value, { json, problems });
}

/** Reads a configuration given as text. `name` stands for the file in problems. */
export function readConfigText(
  name: string,
  text: string,
  problems: ProblemList,
): Input | undefined {
  return parseInput(name, Buffer.from(text), { json: false, problems });
}

function parseInput(
  file: string,
  bytes: Buffer,
  options: { readonly json: boolean; readonly problems: ProblemList },
): Input | undefined {
  const { problems } = options;
  if (bytes.length > configBytesMax) {
    problems.error(fileOnly(file), tooLarge(bytes.length));
    return undefined;
  }
  const text = decode(bytes);
  if (text === undefined) {
    problems.error(fileOnly(file), "the text is not UTF-8");
    return undefined;
  }
  const source = new Source(file, text);
  const node = parseYaml(source, problems, options);
  if (!node) return undefined;
  if (node.kind === "map") return { kind: "text", source, node };
  const empty = node.kind === "scalar" && node.value === null;
  const text2 = empty ? "the configuration is empty" : "the configuration is not a group of fields";
  problems.error(fileOnly(file), text2);
  return undefined;
}

/** The content of a file, or why it cannot be read. */
export function readFile(file: string): Result<Buffer, string> {
  try {
    const { size } = fs.statSync(file);
    if (size > configBytesMax) return { ok: false, error: tooLarge(size) };
    return { ok: true, value: fs.readFileSync(file) };
  } catch (error) {
    return { ok: false, error: `cannot read the file: ${reasonOf(error)}` };
  }
}

const reasons: { readonly [code: string]: string } = {
  ENOENT: "it does not exist",
  EACCES: "permission denied",
  EISDIR: "it is a directory",
  ENOTDIR: "a part of its path is not a directory",
};

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return reasons[code ?? ""] ?? message;
}

function tooLarge(bytes: number): string {
  return `it has ${bytes} bytes; at most ${configBytesMax} (64 MiB) are read`;
}

/** UTF-8, or UTF-16 when a byte order mark says so; the mark is taken off. */
function decode(bytes: Buffer): string | undefined {
  const mark = bytes.length >= 2 ? bytes.readUInt16BE(0) : 0;
  const encoding = mark === 0xfffe ? "utf-16le" : mark === 0xfeff ? "utf-16be" : "utf-8";
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
