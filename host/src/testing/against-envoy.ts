import { ExitCode } from "../common/exit-code.ts";
import { EnvoyProxy } from "./proxy/envoy-proxy.ts";
import { envoyCommand, envoyVersion } from "./proxy/envoy-process.ts";
import { comparable } from "./report/comparable.ts";
import { caseLines } from "./report/console-report.ts";
import { differences, sideText } from "./report/differences.ts";
import { runCase } from "./run/run-case.ts";
import { SuiteRunner } from "./run/suite-runner.ts";
import { unfitForEnvoy } from "./run/unfit-for-envoy.ts";
import type { Suite, TestCase } from "./suite/suite.ts";
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
  const runner = new SuiteRunner({ name: options.name });
  const counts: Counts = { same: 0, differing: 0, failed: 0, skipped: 0 };
  try {
    for (const suite of suites) {
      process.stdout.write(`${suite.file}\n`);
      const problems = await compareSuite(suite, runner, counts);
      if (problems.length === 0) continue;
      process.stderr.write(`${problems.join("\n")}\n`);
      return ExitCode.config;
    }
  } finally {
    await runner.close();
  }
  const { same, differing, failed, skipped } = counts;
  if (same + differing + failed + skipped === 0) {
    process.stderr.write(`sluice: ${noCases(options)}\n`);
    return ExitCode.usage;
  }
  process.stdout.write(
    `${same} the same in Envoy ${version}, ${differing} different, ${failed} failed, ${skipped} not run there\n`,
  );
  return differing + failed > 0 ? ExitCode.runTime : ExitCode.ok;
}

async function compareSuite(
  suite: Suite,
  runner: SuiteRunner,
  counts: Counts,
): Promise<readonly string[]> {
  const ours = await runner.run(suite);
  const built = await runner.builder.build(suite);
  if (ours.problems.length > 0 || !("get" in built)) return ours.problems;
  for (const result of ours.cases) {
    const { test } = result;
    const unfit = unfitForEnvoy(suite, test);
    if (result.failures.length > 0) {
      counts.failed += 1;
      print(caseLines(result, false));
    } else if (unfit !== undefined) {
      counts.skipped += 1;
      print([`  -      ${test.name}: ${unfit}`]);
    } else {
      const lines = await compareCase(suite, test, built, comparable(result.outcome));
      counts[lines.length === 0 ? "same" : "differing"] += 1;
      print([`  ${lines.length === 0 ? "same " : "DIFF "} ${test.name}`, ...lines]);
    }
  }
  return [];
}

async function compareCase(
  suite: Suite,
  test: TestCase,
  built: ReadonlyMap<string, string>,
  ours: ReturnType<typeof comparable>,
): Promise<string[]> {
  const outcome = await runCase(test, await EnvoyProxy.start(suite, test, built));
  return differences(ours, comparable(outcome)).flatMap(({ path, left, right }) => [
    `        ${path}`,
    `          sluice ${sideText(left)}`,
    `          envoy  ${sideText(right)}`,
  ]);
}

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join("\n")}\n`);
}
