import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { run, sluiceBin } from "../support/command.ts";
import {
  type Block,
  blocksOf,
  matchesShown,
  root,
  shownCommands,
} from "../support/docs/markdown.ts";
import { scratchFolder } from "../support/sluice-process.ts";

// Each page of host/docs/how-to has its filters and suites in it; `sluice test` prints what the page shows.

const folder = scratchFolder({ after });
const pages = readdirSync(path.join(root, "host/docs/how-to")).map(
  (name) => `host/docs/how-to/${name}`,
);
const blocks = pages.flatMap(blocksOf);
mkdirSync(path.join(folder, "lua"));
for (const { marks, text } of blocks) {
  const file = marks.get("file");
  if (file === undefined) continue;
  writeFileSync(path.join(folder, file), text);
  // The suite says that the script does the same.
  const other = /^filters: \[\{ file: (\S+)\.ts \}\] # or \1\.lua$/m.exec(text)?.[1];
  if (other === undefined) continue;
  const suite = text.replace(`${other}.ts`, `../${other}.lua`);
  writeFileSync(path.join(folder, "lua", file), suite);
}
// All in one run: the compiler takes its time to start.
const ran = await run(process.execPath, [sluiceBin, "test"], { cwd: folder });

/** What a suite printed, without the count of all suites. */
function printedBy(suite: string): string[] {
  const lines = ran.stdout.split("\n");
  const from = lines.indexOf(suite);
  const rest = lines.slice(from + 1);
  const length = rest.findIndex((line) => !line.startsWith("  "));
  return from < 0 ? [] : [suite, ...rest.slice(0, length)];
}

function shown(block: Block): void {
  for (const { command, lines } of shownCommands(block)) {
    const [npx, sluice, verb, ...suites] = command.split(" ");
    assert.deepEqual([npx, sluice, verb], ["npx", "sluice", "test"], command);
    const printed = suites.flatMap(printedBy);
    const cases = printed.filter((line) => line.startsWith("  ok ")).length;
    const total = `${cases} case${cases === 1 ? "" : "s"}, ${cases} passed`;
    assert.ok(matchesShown([...printed, total], lines), `${ran.stdout}\n${ran.stderr}`);
  }
}

for (const page of pages) {
  test(`${page} shows filters that do what its suite says`, () => {
    assert.equal(ran.code, 0, `${ran.stdout}\n${ran.stderr}`);
    const consoles = blocksOf(page).filter(({ language }) => language === "console");
    assert.ok(consoles.length > 0, "it shows no run of its suite");
    for (const block of consoles) shown(block);
  });
}

test("each suite of a how-to page that names a script runs with that, too", () => {
  const suites = readdirSync(path.join(folder, "lua"));
  assert.ok(suites.length >= 5, String(suites));
  for (const suite of suites) {
    const printed = printedBy(`lua/${suite}`);
    assert.deepEqual(printed.slice(1), printedBy(suite).slice(1), suite);
  }
});

test("pages of one task are linked from the tutorial", () => {
  const tutorial = readFileSync(path.join(root, "host/docs/tutorial.md"), "utf8");
  for (const page of pages) assert.ok(tutorial.includes(page.replace("host/docs/", "")), page);
});
