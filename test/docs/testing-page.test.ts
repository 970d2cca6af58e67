import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { formatProblem, ProblemList } from "../../host/src/config/problem.ts";
import { caseLines } from "../../host/src/testing/report/console-report.ts";
import { SuiteRunner } from "../../host/src/testing/run/suite-runner.ts";
import { readSuite } from "../../host/src/testing/suite/read-suite.ts";
import { run, sluiceBin } from "../support/command.ts";
import { testingPageGuests } from "../support/docs/testing-page-guests.ts";
import { blocksOf, matchesShown, root, shownCommands } from "../support/docs/markdown.ts";

// host/docs/testing.md, with the filter of the sample `hello` in the place of its readers' filters.

const blocks = blocksOf("host/docs/testing.md");
mkdirSync(path.join(root, ".cache"), { recursive: true });
const folder = mkdtempSync(path.join(root, ".cache/testing-"));
after(() => rmSync(folder, { recursive: true }));
cpSync(path.join(root, "sample-filters/hello/assembly"), path.join(folder, "assembly"), {
  recursive: true,
});

for (const name of ["auth.lua", "ratelimit.lua"]) {
  cpSync(path.join(root, "test/fixtures/testing-page", name), path.join(folder, name));
}
cpSync(path.join(root, "sample-filters/body/body.lua"), path.join(folder, "body.lua"));
mkdirSync(path.join(folder, "build"));
for (const [file, code] of await testingPageGuests()) writeFileSync(path.join(folder, file), code);

const runner = new SuiteRunner();
after(() => runner.close());

for (const { line, text } of blocks.filter(
  ({ language, marks }) => language === "yaml" && marks.size === 0,
)) {
  test(`the suite on line ${line} of host/docs/testing.md passes`, async () => {
    // A part of a suite is made a whole one.
    const filters = /^(network_)?filters:/m.test(text) ? "" : `filters: [{ file: body.lua }]\n`;
    const cases = /^cases:/m.test(text) ? "" : "cases: [{ name: any, request: {} }]\n";
    const counted = filters === "" ? text : text.replace(/^budget:.*$/m, "");
    const problems = new ProblemList();
    const suite = readSuite(
      path.join(folder, "page.test.yaml"),
      `${counted}${filters}${cases}`,
      problems,
    );
    assert.deepEqual(problems.errors.map(formatProblem), []);
    const result = await runner.run(suite!);
    assert.deepEqual(result.problems, []);
    const failed = result.cases.filter(({ failures }) => failures.length > 0);
    assert.deepEqual(
      failed.flatMap((each) => caseLines(each, false)),
      [],
    );
  });
}

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
  // Within a test, Node would skip it.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { code, stdout, stderr } = await run(process.execPath, args, { cwd: folder, env });
  assert.equal(code, 0, `${stdout}${stderr}`);
});
