// Compiles filters from a program: the compiler stays loaded, which saves most of the time.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import SluiceTransform from "../transform/index.js";

const here = path.dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);

/**
 * One thing that the compiler found wrong.
 * @typedef {object} Problem
 * @property {string} file relative to the working folder when it is in it; empty when there is no place
 * @property {number} line from 1
 * @property {number} column from 1
 * @property {string} message
 * @property {string} source the line of source
 */

/**
 * Compiles the filter whose main file is `entry`. Writes nothing.
 * @param {string} entry path of a .ts file
 * @param {{optimize?: boolean, sourceMap?: boolean, reservedBytes?: number}} [options] see the declarations
 * @returns {Promise<{ok: true, bytes: Uint8Array, sourceMap?: string, read: Record<string, string>, absent: string[]} | {ok: false, problems: Problem[]}>}
 */
export async function compileFilter(entry, options = {}) {
  const { optimize = true, sourceMap = false, reservedBytes } = options;
  const { default: asc } = await import("assemblyscript/asc");
  const baseDir = path.dirname(path.resolve(entry));
  const diagnostics = [];
  /** Text of every file that the compiler read, by the name that it has there. */
  const files = new Map();
  /** Files that it looked for. */
  const absent = new Set();
  let bytes;
  let map;
  const { error } = await asc.main(
    [
      path.basename(entry),
      "--baseDir",
      baseDir,
      "--outFile",
      "filter.wasm",
      optimize ? "-O3" : "-O0",
      ...packageFolders(),
      ...(sourceMap ? ["--sourceMap"] : []),
      ...(reservedBytes === undefined ? [] : ["--memoryBase", String(reservedBytes)]),
      "--debug", // keeps function names, for the backtraces of traps
    ],
    {
      transforms: [class extends SluiceTransform {}],
      reportDiagnostic: (diagnostic) => diagnostics.push(diagnostic),
      readFile: (name, folder) => readSource(path.resolve(folder, name), name, files, absent),
      writeFile: (name, content) => {
        if (name.endsWith(".wasm")) bytes = content;
        if (name.endsWith(".map")) map = content;
      },
    },
  );
  if (error === null && bytes !== undefined) {
    const read = Object.fromEntries(
      [...files.values()].map(({ file, text }) => [
        file,
        createHash("sha256").update(text).digest("hex"),
      ]),
    );
    const more = map !== undefined && { sourceMap: map };
    return { ok: true, bytes, ...more, read, absent: [...absent] };
  }
  const problems = diagnostics
    .filter(({ category }) => category === errorCategory)
    .map((diagnostic) => problemOf(diagnostic, files));
  if (problems.length === 0) problems.push(placeless(error?.message ?? "nothing was compiled"));
  return { ok: false, problems };
}

/** Changes with everything but the sources that a module depends on. Cheap: the compiler is not loaded. */
export function compilerVersion() {
  const hash = createHash("sha256").update(require("assemblyscript/package.json").version);
  for (const folder of [here, path.join(here, "../transform")]) {
    for (const name of readdirSync(folder).sort()) {
      if (name.endsWith(".js")) hash.update(readFileSync(path.join(folder, name)));
    }
  }
  return hash.digest("hex");
}

/** Where this SDK is installed, so that filters in any folder find it. */
function packageFolders() {
  for (let folder = here; folder !== path.dirname(folder); folder = path.dirname(folder)) {
    const packages = path.join(folder, "node_modules");
    if (existsSync(path.join(packages, "@sluice/sdk-assemblyscript"))) return ["--path", packages];
  }
  return [];
}

const errorCategory = 3;
/** What the transform says. */
const userDefinedError = 102;

function readSource(file, name, files, absent) {
  if (!existsSync(file)) {
    absent.add(file);
    return null;
  }
  const text = readFileSync(file, "utf8");
  files.set(name, { file, text });
  return text;
}

function problemOf({ message, range, code }, files) {
  const text =
    code === userDefinedError
      ? message.replace(/^User-defined: /, "")
      : `${message} (${code < 1000 ? "AS" : "TS"}${code})`;
  const source = range?.source && findSource(range.source.normalizedPath, files);
  if (!source) return placeless(text);
  const lineStart = source.text.slice(0, range.start).lastIndexOf("\n") + 1;
  const lineEnd = source.text.indexOf("\n", range.start);
  return {
    file: shown(source.file),
    line: source.text.slice(0, lineStart).split("\n").length,
    column: range.start - lineStart + 1,
    message: text,
    source: source.text.slice(lineStart, lineEnd < 0 ? undefined : lineEnd),
  };
}

/** Relative to the working folder, unless that is elsewhere. */
function shown(file) {
  const relative = path.relative(process.cwd(), file);
  return relative.startsWith("..") ? file : relative;
}

/** Files of packages are called `~lib/<package>/…` by the compiler. */
function findSource(normalizedPath, files) {
  const known = files.get(normalizedPath);
  if (known || !normalizedPath.startsWith("~lib/")) return known;
  const end = path.join("node_modules", normalizedPath.slice("~lib/".length));
  for (const source of files.values()) if (source.file.endsWith(end)) return source;
  return undefined;
}

function placeless(message) {
  return { file: "", line: 0, column: 0, message, source: "" };
}

/**
 * `file:line:col: message`, the line of source, and a caret under the place.
 * @param {Problem} problem
 */
export function formatProblem(problem) {
  if (problem.file === "") return problem.message;
  const place = `${problem.file}:${problem.line}:${problem.column}`;
  const indent = problem.source.slice(0, problem.column - 1).replaceAll(/[^\t]/g, " ");
  return `${place}: ${problem.message}\n  ${problem.source}\n  ${indent}^`;
}
