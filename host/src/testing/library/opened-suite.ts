import { readFileSync } from "node:fs";
import path from "node:path";
import { formatProblem, formatProblems, ProblemList } from "../../config/problem.ts";
import { Source } from "../../config/source.ts";
import { parseYaml } from "../../config/yaml.ts";
import { isRefusal } from "../proxy/proxy.ts";
import { VirtualLab } from "../proxy/virtual-lab.ts";
import { FilterBuilder } from "../run/build-filters.ts";
import { checkCase } from "../run/check.ts";
import { runCase } from "../run/run-case.ts";
import { SuiteRunner } from "../run/suite-runner.ts";
import { jsonOf } from "../suite/map-reader.ts";
import { readSuite } from "../suite/read-suite.ts";
import type { JsonMap, Suite, TestCase } from "../suite/suite.ts";
import type { CaseFields, SuiteFields } from "./fields.ts";
import { SuiteError } from "./suite-error.ts";
import { TestProxy } from "./test-proxy.ts";

/** How a case of a suite has ended. */
export interface CaseResult {
  readonly name: string;
  /** `file:line:col: what is not as expected`; empty when all is. */
  readonly failures: readonly string[];
}

/** A suite whose filters can be started, and whose cases can be run. */
export interface OpenedSuite {
  /** Of a suite that was read from a file; they can be run one by one. */
  readonly cases: readonly { readonly name: string; run(): Promise<CaseResult> }[];
  /** A new proxy with the filters. Rejects with a `SuiteError` when one of them cannot be loaded. */
  start(fields?: CaseFields): Promise<TestProxy>;
}

/** What all suites of a process share. */
interface Shared {
  readonly lab: VirtualLab;
  readonly builder: FilterBuilder;
}

let shared: Shared | undefined;

function sharedParts(): Shared {
  if (shared === undefined) {
    const builder = new FilterBuilder();
    shared = { lab: new VirtualLab(), builder };
    process.once("exit", () => builder.close());
  }
  return shared;
}

/**
 * A suite from its file (`hello.test.yaml`), or from its fields; files are then relative to `folder`, the working
 * folder by default. Throws a `SuiteError` when something is wrong with it.
 */
export function openSuite(source: string | SuiteFields, folder = process.cwd()): OpenedSuite {
  if (typeof source !== "string") return opened(source, folder, []);
  const suite = SuiteRunner.read(source);
  if (!("cases" in suite)) throw new SuiteError(suite);
  const cases = suite.cases.map((test) => ({
    name: test.name,
    run: () => runOne(suite, test),
  }));
  return opened(fieldsOf(source), suite.folder, cases);
}

/** What a suite's file says besides its cases. It has been read before. */
function fieldsOf(file: string): SuiteFields {
  const source = new Source(file, readFileSync(file, "utf8"));
  const node = parseYaml(source, new ProblemList(), { json: false })!;
  const { cases: _, ...fields } = jsonOf(node) as JsonMap;
  return fields as SuiteFields;
}

function opened(fields: SuiteFields, folder: string, cases: OpenedSuite["cases"]): OpenedSuite {
  const read = (more: object): Suite => {
    const text = JSON.stringify({ ...fields, cases: [{ name: "case", ...more }] });
    return suiteOf(text, folder);
  };
  // Told at once, not by the first start.
  read({ steps: [] });
  return {
    cases,
    start: (own = {}) => {
      const suite = read({ ...own, steps: [] });
      return startCase(suite, suite.cases[0]!, (step) => read({ ...own, steps: [step] }).cases[0]!);
    },
  };
}

function suiteOf(text: string, folder: string): Suite {
  const problems = new ProblemList();
  const suite = readSuite(path.join(folder, "openSuite"), text, problems, true);
  if (suite !== undefined) return suite;
  const errors = problems.sortedErrors().map((each) => ({ ...each, file: "", line: 0 }));
  throw new SuiteError(formatProblems(errors).split("\n"));
}

async function startCase(
  suite: Suite,
  test: TestCase,
  read: (step: object) => TestCase,
): Promise<TestProxy> {
  const { lab } = sharedParts();
  const started = await lab.start(suite, test, await build(suite));
  if (isRefusal(started)) throw new SuiteError(started.problems.map(placeless));
  return new TestProxy(started, read);
}

/** Fields of a program have no lines. */
function placeless(problem: string): string {
  return problem.replace(/^.*openSuite:\d+:\d+: /, "");
}

async function build(suite: Suite): Promise<ReadonlyMap<string, string>> {
  const built = await sharedParts().builder.build(suite);
  if ("get" in built) return built;
  throw new SuiteError(built.map(({ text }) => placeless(text)));
}

async function runOne(suite: Suite, test: TestCase): Promise<CaseResult> {
  const started = await sharedParts().lab.start(suite, test, await build(suite));
  const failures = checkCase(test, await runCase(test, started));
  return {
    name: test.name,
    failures: failures.map(({ place, text }) =>
      formatProblem({ ...place, path: "", severity: "error", text }),
    ),
  };
}
