import { ExitCode } from "../common/exit-code.ts";
import { EnvoyProxy } from "./proxy/envoy-proxy.ts";
import { envoyCommand, envoyVersion } from "./proxy/envoy-process.ts";
import { comparable } from "./report/comparable.ts";
import { caseLines } from "./report/console-report.ts";
import { differences, sideText } from "./report/differences.ts";
import { writeJunit } from "./report/junit.ts";
import { Snapshots } from "./report/snapshots.ts";
import { runCase } from "./run/run-case.ts";
import { type CaseResult, SuiteRunner, type SuiteResult } from "./run/suite-runner.ts";
import { unfitForEnvoy } from "./run/unfit-for-envoy.ts";
import type { Suite } from "./suite/suite.ts";
import { noCases, type TestArguments } from "./test-arguments.ts";

/** How cases have ended. */
interface Counts {
  same: number;
  differing: number;
  failed: number;
  skipped: number;
}

/** Runs the cases in this process and in Envoy, and prints what differs. */
export async function compareSuites(
  suites: readonly Suite[],
  options: TestArguments,
): Promise<number> {
  const version = envoyVersion();
  if (version === undefined) {
    process.stderr.write(
      `sluice: ${envoyCommand()} cannot be run: put Envoy on the PATH, or name it in $ENVOY\n`,
    );
    return ExitCode.usage;
  }
  const comparison = new Comparison(options);
  const results: SuiteResult[] = [];
  try {
    for (const suite of suites) results.push(await comparison.suite(suite));
  } finally {
    await comparison.close();
  }
  if (options.junit !== undefined) writeJunit(options.junit, results);
  if (results.some(({ problems }) => problems.length > 0)) return ExitCode.config;
  const { same, differing, failed, skipped } = comparison.counts;
  if (same + differing + failed + skipped === 0) {
    process.stderr.write(`sluice: ${noCases(options)}\n`);
    return ExitCode.usage;
  }
  process.stdout.write(
    `${same} the same in Envoy ${version}, ${differing} different, ${failed} failed, ${skipped} not run there\n`,
  );
  return differing + failed > 0 ? ExitCode.runTime : ExitCode.ok;
}

/** Suites that are run in both proxies, one after the other. */
class Comparison {
  readonly counts: Counts = { same: 0, differing: 0, failed: 0, skipped: 0 };
  readonly #options: TestArguments;
  readonly #runner: SuiteRunner;

  constructor(options: TestArguments) {
    this.#options = options;
    this.#runner = new SuiteRunner({ name: options.name });
  }

  close(): Promise<void> {
    return this.#runner.close();
  }

  async suite(suite: Suite): Promise<SuiteResult> {
    const { file } = suite;
    process.stdout.write(`${file}\n`);
    const snapshots = Snapshots.open(file, this.#options.update);
    if (typeof snapshots === "string") return broken(suite, [snapshots]);
    const ours = await this.#runner.run(suite);
    const built = await this.#runner.builder.build(suite);
    if (ours.problems.length > 0 || !("get" in built)) return broken(suite, ours.problems);
    const cases: CaseResult[] = [];
    for (const each of ours.cases) {
      const failures = [...each.failures, ...snapshots.check(each.test, each.outcome)];
      cases.push(await this.#case(suite, { ...each, failures }, built));
    }
    const names = new Set(cases.map(({ test }) => test.name));
    snapshots.save(suite.cases.map(({ name }) => name).filter((name) => !names.has(name)));
    return { ...ours, cases };
  }

  /** What differs in Envoy has failed. */
  async #case(
    suite: Suite,
    ours: CaseResult,
    built: ReadonlyMap<string, string>,
  ): Promise<CaseResult> {
    const { test } = ours;
    if (ours.failures.length > 0) {
      this.counts.failed += 1;
      print(caseLines(ours, false));
      return ours;
    }
    const skipped = unfitForEnvoy(suite, test);
    if (skipped !== undefined) {
      this.counts.skipped += 1;
      print([`  -      ${test.name}: ${skipped}`]);
      return { ...ours, skipped };
    }
    const outcome = await runCase(test, await EnvoyProxy.start(suite, test, built));
    const found = differences(comparable(ours.outcome), comparable(outcome));
    this.counts[found.length === 0 ? "same" : "differing"] += 1;
    const lines = found.flatMap(({ path, left, right }) => [
      `        ${path}`,
      `          sluice ${sideText(left)}`,
      `          envoy  ${sideText(right)}`,
    ]);
    print([`  ${found.length === 0 ? "same " : "DIFF "} ${test.name}`, ...lines]);
    const failures = found.map(({ path, left, right }) => ({
      place: test.place,
      text: `${path}: ${sideText(left)} here, ${sideText(right)} in Envoy`,
    }));
    return { ...ours, failures };
  }
}

function broken(suite: Suite, problems: readonly string[]): SuiteResult {
  process.stderr.write(`${problems.join("\n")}\n`);
  return { file: suite.file, suite, cases: [], problems };
}

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join("\n")}\n`);
}
