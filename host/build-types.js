// Writes the types of what programs import beside the bundles: the declarations of the sources that are reached from
// there by types, with the imports that declarations have.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
/** What programs import, below src/. */
const entries = ["testing/index"];
/** More would mean that something of the inside is shown. */
const mostFiles = 20;

/** `outFolder`: where the bundles are. */
export function buildTypes(outFolder) {
  const folder = mkdtempSync(path.join(tmpdir(), "sluice-types-"));
  try {
    const tsc = path.join(
      path.dirname(createRequire(import.meta.url).resolve("typescript/package.json")),
      "bin/tsc",
    );
    const project = path.join(here, "tsconfig.types.json");
    execFileSync(process.execPath, [tsc, "-p", project, "--outDir", folder], { stdio: "inherit" });
    copyReached(path.join(folder, "host/src"), outFolder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function copyReached(from, to) {
  const reached = new Set(entries.map((entry) => `${entry}.d.ts`));
  for (const file of reached) {
    const text = readFileSync(path.join(from, file), "utf8");
    for (const [, specifier] of text.matchAll(/ from "(\.[^"]+)\.ts"/g)) {
      reached.add(path.join(path.dirname(file), `${specifier}.d.ts`));
    }
    const target = path.join(to, file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, text.replaceAll(/( from "\.[^"]+)\.ts"/g, '$1.js"'));
  }
  if (reached.size > mostFiles) {
    throw new Error(`the types of ${reached.size} files are public: ${[...reached].join(", ")}`);
  }
}
