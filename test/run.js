// Runs the tests on the packaged Node: all of them, or the groups that are named.
//   node test/run.js            everything
//   node test/run.js unit       test/unit only
// When a few files of the whole fail, they run once more, alone: a machine that stalls is no defect of the code. What
// passes only then is named at the end.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** With more failed files than this, the code is to blame. */
const rerunMax = 6;
const here = path.dirname(fileURLToPath(import.meta.url));
const groups = process.argv.slice(2);
const wanted = groups.length > 0 ? groups : readdirSync(here);
const files = wanted.flatMap((group) => testFiles(path.join(here, group)));
if (files.length === 0) {
  console.error(`no tests in ${wanted.join(", ")}`);
  process.exit(2);
}
const node = path.join(
  path.dirname(createRequire(import.meta.url).resolve("node/package.json")),
  "bin",
  "node",
);
const failedList = path.join(mkdtempSync(path.join(tmpdir(), "sluice-test-")), "failed");
let status = runTests(files, 2);
const failed = failedFiles();
if (status !== 0 && groups.length === 0 && failed.length > 0 && failed.length <= rerunMax) {
  console.error(`\nOnce more, alone and one after the other:\n  ${failed.join("\n  ")}\n`);
  status = runTests(failed, 1);
  if (status === 0) console.error("\nThese fail beside others and pass alone: mend them.");
}
rmSync(path.dirname(failedList), { recursive: true });
process.exit(status);

function runTests(paths, concurrency) {
  const reporter = path.join(here, "support", "failed-files-reporter.js");
  const flags = [
    "-C",
    "sluice-source",
    `--import=${pathToFileURL(path.join(here, "support", "end-of-file.js")).href}`,
    "--test",
    "--test-timeout=120000",
    `--test-concurrency=${concurrency}`,
    "--test-reporter=spec",
    "--test-reporter-destination=stdout",
    `--test-reporter=${reporter}`,
    `--test-reporter-destination=${failedList}`,
  ];
  return spawnSync(node, [...flags, ...paths], { stdio: "inherit" }).status ?? 1;
}

function failedFiles() {
  return readFileSync(failedList, "utf8")
    .split("\n")
    .filter((line) => line !== "");
}

function testFiles(entry) {
  if (!existsSync(entry)) return [];
  if (entry.endsWith(".test.ts")) return [entry];
  if (path.extname(entry) !== "") return [];
  return readdirSync(entry, { recursive: true })
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => path.join(entry, name))
    .sort();
}
