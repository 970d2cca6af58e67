// Makes projects with `sluice new` in the languages that have toolchains of their own, from packed tarballs and outside of
// the checkout, builds them and runs their suites, as their READMEs say. Needs cargo with wasm32-wasip1 and go 1.24; says
// which of them is not there, and with which versions it was done.
//
//   node -C sluice-source test/sample-filters/new-projects.ts
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { npm, pack } from "../support/packages.ts";

const folder = mkdtempSync(path.join(tmpdir(), "sluice-new-projects-"));
try {
  const app = path.join(folder, "app");
  mkdirSync(app);
  writeFileSync(path.join(app, "package.json"), '{ "private": true }');
  const tarballs = await pack(path.join(folder, "tarballs"));
  await must(["install", "--prefer-offline", "--no-audit", "--no-fund", ...tarballs], app);
  for (const [language, ...version] of [
    ["rust", "cargo", "--version"],
    ["go", "go", "version"],
  ] as const) {
    const [tool, ...args] = version;
    const asked = spawnSync(tool, args, { encoding: "utf8" });
    if (asked.error !== undefined) {
      console.log(`${language}: skipped, there is no ${tool}`);
      continue;
    }
    await must(
      ["exec", "--no", "sluice", "--", "new", `mine-${language}`, "--lang", language],
      app,
    );
    const tested = await npm(["test"], path.join(app, `mine-${language}`));
    const passed = tested.code === 0 && tested.stdout.includes("2 cases, 2 passed");
    const result = passed ? "passes its suite" : `FAILS\n${tested.stdout}${tested.stderr}`;
    console.log(`${language} (${asked.stdout.trim()}, Node.js ${process.version}): ${result}`);
    if (!passed) process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function must(args: readonly string[], cwd: string): Promise<void> {
  const { code, stdout, stderr } = await npm(args, cwd);
  if (code !== 0) throw new Error(`npm ${args.join(" ")}:\n${stdout}${stderr}`);
}
