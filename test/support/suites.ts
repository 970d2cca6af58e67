import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { formatProblem, ProblemList } from "../../host/src/config/problem.ts";
import { caseLines } from "../../host/src/testing/report/console-report.ts";
import { SuiteRunner } from "../../host/src/testing/run/suite-runner.ts";
import { readSuite } from "../../host/src/testing/suite/read-suite.ts";
import type { Suite } from "../../host/src/testing/suite/suite.ts";

const root = path.resolve(import.meta.dirname, "../..");

/** The guest that does what the request header `x-do` says; see its README. */
export const parityGuest = path.join(root, "test/fixtures/wasm/parity/rust/parity.wasm");

/** What is wrong with a suite: `x:line:col: path: what`. Files are looked for beside the samples. */
export function suiteProblems(text: string): string[] {
  const problems = new ProblemList();
  readSuite(path.join(root, "sample-filters/hello/x.test.yaml"), text, problems);
  return problems.sortedErrors().map((each) => formatProblem({ ...each, file: "x" }));
}

/** A suite that has nothing wrong with it. `folder`: where its files are; default: the root of the checkout. */
export function suiteOf(text: string, folder: string = root): Suite {
  const problems = new ProblemList();
  const suite = readSuite(path.join(folder, "x.test.yaml"), text, problems);
  if (suite === undefined) throw new Error(problems.errors.map(formatProblem).join("\n"));
  return suite;
}

const runners = new Set<SuiteRunner>();
process.once("exit", () => {
  for (const runner of runners) runner.builder.close();
});
let runner: SuiteRunner | undefined;

/** Runs a suite: `ok name` and `FAIL name` with what failed below, without the folder of places. */
export async function runSuite(text: string, folder?: string): Promise<string[]> {
  runner ??= new SuiteRunner();
  runners.add(runner);
  const suite = suiteOf(text, folder);
  const { cases, problems } = await runner.run(suite);
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return cases.flatMap((each) =>
    caseLines(each, false).map((line) =>
      line.trim().replaceAll(/ {2,}/g, " ").replaceAll(suite.file, "x"),
    ),
  );
}

/** A folder for one test. */
export function folderWith(files: { readonly [name: string]: string | Uint8Array }): Disposable & {
  readonly path: string;
} {
  const folder = mkdtempSync(path.join(tmpdir(), "sluice-suite-"));
  for (const [name, content] of Object.entries(files))
    writeFileSync(path.join(folder, name), content);
  return { path: folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}
