// Compiles filters written in AssemblyScript.
//
//   node sample-filters/build.js            all of them, into <filter>/build/<filter>.wasm
//   node sample-filters/build.js hello      the named ones
import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { compileFilter, formatProblem } from "@sluice/sdk-assemblyscript/compiler/index.js";

export { compileFilter, formatProblem };

const here = path.dirname(fileURLToPath(import.meta.url));

/**
 * Compiles one of the samples and puts the module where it is loaded from; another process never sees half of it.
 * @param {string} name a folder here
 * @param {string} [folder] where the samples are
 * @returns {Promise<{ok: true, file: string} | {ok: false, problems: import("@sluice/sdk-assemblyscript/compiler/index.js").Problem[]}>}
 */
export async function buildSample(name, folder = here) {
  const result = await compileFilter(path.join(folder, name, "assembly", "index.ts"));
  if (!result.ok) return result;
  const file = path.join(folder, name, "build", `${name}.wasm`);
  mkdirSync(path.dirname(file), { recursive: true });
  const next = `${file}.${process.pid}.tmp`;
  writeFileSync(next, result.bytes);
  renameSync(next, file);
  return { ok: true, file };
}

/** Names of the samples that are written in AssemblyScript. */
export function sampleNames(folder = here) {
  return readdirSync(folder).filter((name) =>
    existsSync(path.join(folder, name, "assembly", "index.ts")),
  );
}

async function main(names) {
  let failed = false;
  for (const name of names.length > 0 ? names : sampleNames()) {
    const result = await buildSample(name);
    if (result.ok) {
      console.log(path.relative(process.cwd(), result.file));
      continue;
    }
    failed = true;
    for (const problem of result.problems) console.error(formatProblem(problem));
  }
  process.exitCode = failed ? 1 : 0;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(process.argv.slice(2));
}
