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

/** Compiles an AssemblyScript file of the repository; compiled once for each state of it and of the SDK. */
export async function assemblyScript(entry: string): Promise<Uint8Array<ArrayBuffer>> {
  const file = path.resolve(root, entry);
  const kept = path.join(cache, `${digest(file)}.wasm`);
  if (existsSync(kept)) return Uint8Array.from(readFileSync(kept));
  const result = await compileFilter(file);
  assert.ok(result.ok, result.ok ? "" : result.problems.map(formatProblem).join("\n"));
  mkdirSync(cache, { recursive: true });
  const next = `${kept}.${process.pid}`;
  writeFileSync(next, result.bytes);
  renameSync(next, kept);
  return Uint8Array.from(result.bytes);
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
