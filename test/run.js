// Runs the tests on the packaged Node: all of them, or the groups that are named.
//   node test/run.js            everything
//   node test/run.js unit       test/unit only
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

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
const flags = ["-C", "sluice-source", "--test", "--test-timeout=120000", "--test-concurrency=2"];
const result = spawnSync(node, [...flags, ...files], { stdio: "inherit" });
process.exit(result.status ?? 1);

function testFiles(entry) {
  if (!existsSync(entry)) return [];
  if (entry.endsWith(".test.ts")) return [entry];
  if (path.extname(entry) !== "") return [];
  return readdirSync(entry, { recursive: true })
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => path.join(entry, name))
    .sort();
}
