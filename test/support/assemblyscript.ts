import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { compileFilter, formatProblem } from "../../sample-filters/build.js";

const root = path.resolve(import.meta.dirname, "../..");
const cache = path.join(root, ".cache", "assemblyscript");

/** How to compile: where neither size nor speed of the module matter, `optimize: false` takes a third of the time. */
interface Options {
  readonly optimize?: boolean;
}

/** Compiles an AssemblyScript file of the repository. */
export async function assemblyScript(
  entry: string,
  options: Options = {},
): Promise<Uint8Array<ArrayBuffer>> {
  return Uint8Array.from(readFileSync(await assemblyScriptFile(entry, options)));
}

/** The file of the module; compiled once for each state of the source and of the SDK. */
export async function assemblyScriptFile(entry: string, options: Options = {}): Promise<string> {
  const file = path.resolve(root, entry);
  const mode = options.optimize === false ? "-plain" : "";
  const kept = path.join(cache, `${digest(file)}${mode}.wasm`);
  if (existsSync(kept)) return kept;
  const result = await compileFilter(file, options);
  assert.ok(result.ok, result.ok ? "" : result.problems.map(formatProblem).join("\n"));
  mkdirSync(cache, { recursive: true });
  const next = `${kept}.${process.pid}`;
  writeFileSync(next, result.bytes);
  renameSync(next, kept);
  return kept;
}

function digest(file: string): string {
  const hash = createHash("sha256");
  const sources = [
    ...sourcesOf(file),
    path.join(root, "sdk-assemblyscript/compiler/index.js"),
    path.join(root, "node_modules/assemblyscript/package.json"),
    ...filesUnder(path.join(root, "sdk-assemblyscript/assembly")),
    ...filesUnder(path.join(root, "sdk-assemblyscript/transform")),
    ...filesUnder(path.join(root, "abi/src/numbers")),
  ];
  for (const source of sources) hash.update(`${source}\0`).update(readFileSync(source));
  return hash.digest("hex");
}

/** A filter of its own folder has all that is in it, and a package.json that describes it. */
function sourcesOf(file: string): string[] {
  const folder = path.dirname(file);
  if (path.basename(file) !== "index.ts") return [file];
  return [...filesUnder(folder), path.join(folder, "../package.json")].filter(existsSync);
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") || name.endsWith(".js"))
    .sort()
    .map((name) => path.join(folder, name));
}
