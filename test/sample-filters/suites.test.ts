import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { caseLines } from "../../host/src/testing/report/console-report.ts";
import { SuiteRunner } from "../../host/src/testing/run/suite-runner.ts";

// Every sample has a suite beside it, and passes it.

const samples = path.resolve(import.meta.dirname, "../../sample-filters");
const runner = new SuiteRunner();
after(() => runner.close());

/** Those with a filter of their own. */
const names = readdirSync(samples).filter((name) => {
  const folder = path.join(samples, name);
  if (!existsSync(path.join(folder, "README.md"))) return false;
  const hasScript = readdirSync(folder).some((file) => file.endsWith(".lua"));
  return hasScript || existsSync(path.join(folder, "assembly"));
});

for (const name of names) {
  test(`${name} passes its suite`, async () => {
    const files = readdirSync(path.join(samples, name)).filter((file) =>
      file.endsWith(".test.yaml"),
    );
    assert.ok(files.length > 0, `sample-filters/${name} has no *.test.yaml`);
    for (const file of files) {
      const suite = SuiteRunner.read(path.join(samples, name, file));
      assert.ok("cases" in suite, "cases" in suite ? "" : suite.join("\n"));
      const { cases, problems } = await runner.run(suite);
      assert.deepEqual(problems, []);
      assert.ok(cases.length > 0);
      const failed = cases.filter(({ failures }) => failures.length > 0);
      assert.deepEqual(
        failed.flatMap((each) => caseLines(each, false)),
        [],
      );
    }
  });
}
