import { readdirSync, statSync } from "node:fs";
import path from "node:path";
import type { Result } from "../contracts/result.ts";
import { filterExtensions } from "./build-filter.ts";

/** Where a folder has its filter, in the order in which it is looked for. */
const mainFiles: readonly string[] = ["assembly/index.ts", "index.ts"];

/** The file of a filter that is given as itself or as its folder. The error is one sentence for the author. */
export function filterFile(given: string): Result<string, string> {
  const stats = statSync(given, { throwIfNoEntry: false });
  if (stats === undefined)
    return { ok: false, error: `${given}: there is no such file or folder: is the path right?` };
  if (stats.isDirectory()) return mainFileIn(given);
  if (filterExtensions.includes(path.extname(given))) return { ok: true, value: given };
  return { ok: false, error: `${given}: a filter is a .ts, .lua or .wasm file` };
}

function mainFileIn(folder: string): Result<string, string> {
  const main = mainFiles.find((name) => isFile(path.join(folder, name)));
  if (main !== undefined) return { ok: true, value: path.join(folder, main) };
  const others = [folder, path.join(folder, "build")]
    .flatMap(filesIn)
    .filter((file) => [".lua", ".wasm"].includes(path.extname(file)));
  if (others.length === 1) return { ok: true, value: others[0]! };
  const found = others.length === 0 ? "no filter" : `more than one: ${others.join(", ")}`;
  return {
    ok: false,
    error: `in the folder ${folder} there is ${found}; give its .ts, .lua or .wasm file`,
  };
}

function filesIn(folder: string): string[] {
  const stats = statSync(folder, { throwIfNoEntry: false });
  return stats?.isDirectory() === true
    ? readdirSync(folder).map((name) => path.join(folder, name))
    : [];
}

function isFile(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isFile() === true;
}

/** What a filter is called after its file: `assembly/index.ts` as the folder around it. */
export function filterName(file: string): string {
  const absolute = path.resolve(file);
  const name = path.basename(absolute, path.extname(absolute));
  if (name !== "index") return name;
  const folder = path.dirname(absolute);
  return path.basename(path.basename(folder) === "assembly" ? path.dirname(folder) : folder);
}
