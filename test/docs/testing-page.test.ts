import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { formatProblem, ProblemList } from "../../host/src/config/problem.ts";
import { readSuite } from "../../host/src/testing/suite/read-suite.ts";
import { run, sluiceBin } from "../support/command.ts";
import { blocksOf, matchesShown, root, shownCommands } from "../support/docs/markdown.ts";

// host/docs/testing.md, with the filter of the sample `hello` in the place of its readers' filters.

const blocks = blocksOf("host/docs/testing.md");
mkdirSync(path.join(root, ".cache"), { recursive: true });
const folder = mkdtempSync(path.join(root, ".cache/testing-"));
after(() => rmSync(folder, { recursive: true }));
cpSync(path.join(root, "sample-filters/hello/assembly"), path.join(folder, "assembly"), {
  recursive: true,
});

test("each suite of host/docs/testing.md is one", () => {
  const suites = blocks.filter(({ language, marks }) => language === "yaml" && marks.size === 0);
  assert.ok(suites.length > 5);
  mkdirSync(path.join(folder, "build"));
  for (const { line, text } of suites) {
    for (const [, file] of text.matchAll(/\bfile: ([\w/.-]+)/g)) {
      if (!file!.startsWith("assembly/")) writeFileSync(path.join(folder, file!), "");
    }
    const filters = /^(network_)?filters:/m.test(text)
      ? ""
      : "filters: [{ file: assembly/index.ts }]\n";
    const cases = /^cases:/m.test(text) ? "" : "cases: [{ name: any, request: {} }]\n";
    const problems = new ProblemList();
    readSuite(path.join(folder, "page.test.yaml"), `${text}${filters}${cases}`, problems);
    assert.deepEqual(problems.errors.map(formatProblem), [], `line ${line}`);
  }
});

test("host/docs/testing.md shows what its first suite prints", async () => {
  const [first] = blocks.filter(({ language }) => language === "yaml");
  writeFileSync(path.join(folder, "hello.test.yaml"), first!.text);
  for (const block of blocks.filter(({ language }) => language === "console")) {
    for (const { command, lines } of shownCommands(block)) {
      const [npx, sluice, ...args] = command.split(" ");
      assert.deepEqual([npx, sluice], ["npx", "sluice"], command);
      const { stdout, stderr } = await run(process.execPath, [sluiceBin, ...args], { cwd: folder });
      // What a case costs is the module's affair, and the count of cases need not be shown again.
      const shown = lines.map((line) =>
        line.replaceAll(/[\d,]+ (instr|host|alloc|bytes)/g, "... $1"),
      );
      const all = shown.some((line) => / cases?, /.test(line)) ? shown : [...shown, "..."];
      assert.ok(matchesShown(stdout.trimEnd().split("\n"), all), `${stdout}${stderr}`);
    }
  }
});

test("host/docs/testing.md shows a program that passes", async () => {
  const [program] = blocks.filter(({ language }) => language === "ts");
  const file = path.join(folder, "hello.test.ts");
  writeFileSync(file, program!.text);
  assert.ok(readFileSync(file, "utf8").includes('from "@sluice/host/testing"'));
  const args = ["-C", "sluice-source", "--test", file];
  const { code, stdout } = await run(process.execPath, args, { cwd: folder });
  assert.equal(code, 0, stdout);
});
