import { readFileSync } from "node:fs";
import { fileProblem } from "../../common/file-problem.ts";
import { formatProblems, ProblemList } from "../../config/problem.ts";
import { VirtualLab } from "../proxy/virtual-lab.ts";
import type { VirtualProxy } from "../proxy/virtual-proxy.ts";
import { isRefusal } from "../proxy/proxy.ts";
import { readSuite } from "../suite/read-suite.ts";
import type { Suite, TestCase } from "../suite/suite.ts";
import type { BuildMode } from "./build-filters.ts";
import { FilterBuilder } from "./build-filters.ts";
import { checkCase, type Failure } from "./check.ts";
import type { Outcome } from "./observed.ts";
import { runCase } from "./run-case.ts";

/** What came of one case. */
export interface CaseResult {
  readonly test: TestCase;
  readonly outcome: Outcome;
  readonly failures: readonly Failure[];
  readonly ms: number;
  /** Why it was not held against Envoy, where that was asked for. */
  readonly skipped?: string | undefined;
}

/** A suite with the results of its cases, or with what keeps it from running. */
export interface SuiteResult {
  readonly file: string;
  readonly suite: Suite | undefined;
  readonly cases: readonly CaseResult[];
  /** Lines that say what is wrong; nothing has run then. */
  readonly problems: readonly string[];
}

export interface RunnerOptions {
  /** Cases whose names have this in them; undefined: all. */
  readonly name?: string | undefined;
  readonly build?: BuildMode | undefined;
  /** Called with each proxy before it ends. */
  readonly onEnd?: (proxy: VirtualProxy) => void;
}

/** Runs suites in this process. */
export class SuiteRunner {
  readonly #options: RunnerOptions;
  readonly #lab = new VirtualLab();
  readonly builder: FilterBuilder;

  constructor(options: RunnerOptions = {}) {
    this.#options = options;
    this.builder = new FilterBuilder(options.build);
  }

  /** Reads the file of a suite. */
  static read(file: string): Suite | readonly string[] {
    const problems = new ProblemList();
    let text: string;
    try {
      text = readFileSync(file, "utf8");
    } catch (error) {
      return [fileProblem(file, error)];
    }
    const suite = readSuite(file, text, problems);
    return suite ?? formatProblems(problems.sortedErrors()).split("\n");
  }

  /** `onCase` is told of each case when it is over. */
  async run(suite: Suite, onCase: (result: CaseResult) => void = () => {}): Promise<SuiteResult> {
    const { file } = suite;
    const built = await this.builder.build(suite);
    if (!("get" in built)) {
      return { file, suite, cases: [], problems: built.map(({ text }) => text) };
    }
    const cases: CaseResult[] = [];
    for (const test of this.wanted(suite)) {
      const begin = performance.now();
      const { outcome, failures } = await this.#runChecked(suite, test, built);
      const result = { test, outcome, failures, ms: performance.now() - begin };
      cases.push(result);
      onCase(result);
    }
    return { file, suite, cases, problems: [] };
  }

  wanted(suite: Suite): TestCase[] {
    const { name } = this.#options;
    return suite.cases.filter((test) => name === undefined || test.name.includes(name));
  }

  async close(): Promise<void> {
    this.builder.close();
    await this.#lab.close();
  }

  async #runChecked(
    suite: Suite,
    test: TestCase,
    built: ReadonlyMap<string, string>,
  ): Promise<Pick<CaseResult, "outcome" | "failures">> {
    try {
      const outcome = await this.#runOne(suite, test, built);
      // Modules that are compiled otherwise cost something else.
      const counted = this.#options.build === undefined;
      const failures = checkCase(test, counted ? outcome : { ...outcome, costs: undefined });
      return { outcome, failures };
    } catch (error) {
      // What keeps one case from its end keeps the others from nothing.
      const text = error instanceof Error ? error.message : String(error);
      return { outcome: nothing, failures: [{ place: test.place, text }] };
    }
  }

  async #runOne(
    suite: Suite,
    test: TestCase,
    built: ReadonlyMap<string, string>,
  ): Promise<Outcome> {
    const started = await this.#lab.start(suite, test, built);
    if (!isRefusal(started)) {
      const { onEnd } = this.#options;
      if (onEnd !== undefined) started.onEnd = () => onEnd(started);
    }
    return runCase(test, started);
  }
}

const nothing: Outcome = {
  observed: [],
  records: [],
  costs: undefined,
  refused: undefined,
  startLines: 0,
};
