// Makes projects with `sluice new` in the languages that have toolchains of their own, builds them and runs their
// suites, as their READMEs say. Needs cargo with wasm32-wasip1 and go 1.24; says which of them is not there.
//
//   node -C sluice-source test/sample-filters/new-projects.ts
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import path from "node:path";
import { sluiceBin } from "../support/command.ts";

// Below the checkout, so that npm's scripts find its packages.
const cache = path.resolve(import.meta.dirname, "../../.cache");
mkdirSync(cache, { recursive: true });
const folder = mkdtempSync(path.join(cache, "new-projects-"));
let failed = false;
try {
  for (const [language, tool] of [
    ["rust", "cargo"],
    ["go", "go"],
  ] as const) {
    if (spawnSync(tool, ["version"]).error !== undefined) {
      console.log(`${language}: skipped, there is no ${tool}`);
      continue;
    }
    const project = path.join(folder, `mine-${language}`);
    const made = spawnSync(process.execPath, [sluiceBin, "new", project, "--lang", language]);
    const tested = spawnSync("npm", ["test"], { cwd: project, encoding: "utf8" });
    const passed = made.status === 0 && tested.stdout.includes("2 cases, 2 passed");
    console.log(
      `${language}: ${passed ? "passes its suite" : `FAILS\n${tested.stdout}${tested.stderr}`}`,
    );
    failed ||= !passed;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failed ? 1 : 0;
