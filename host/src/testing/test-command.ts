import { fileProblem } from "../common/file-problem.ts";
import { printUsageError } from "../cli/scan-flags.ts";
import { ExitCode } from "../common/exit-code.ts";
import { findSuites } from "./find-suites.ts";
import { caseLines, summaryLine } from "./report/console-report.ts";
import { writeJunit } from "./report/junit.ts";
import { Snapshots } from "./report/snapshots.ts";
import { type CaseResult, SuiteRunner, type SuiteResult } from "./run/suite-runner.ts";
import type { Suite } from "./suite/suite.ts";
import {
  noCases,
  parseTestArguments,
  type TestArguments,
  testHelp,
  testUsage,
} from "./test-arguments.ts";

/** `sluice test`; gives the exit code. */
export async function testCommand(args: readonly string[]): Promise<number> {
  const parsed = parseTestArguments(args);
  if (!parsed.ok) return printUsageError("sluice test", parsed.error, testUsage);
  if (parsed.value.help) {
    process.stdout.write(testHelp());
    return ExitCode.ok;
  }
  const found = findSuites(parsed.value.paths);
  if ("error" in found) return usageError(found.error);
  if (found.files.length === 0) {
    return usageError(`there are no suites (*.test.yaml) in ${parsed.value.paths.join(", ")}`);
  }
  if (parsed.value.watch) {
    const { watchSuites } = await import("./watch-suites.ts");
    return watchSuites(found.files, () => runOnce(found.files, parsed.value));
  }
  return runOnce(found.files, parsed.value);
}

function usageError(text: string): number {
  process.stderr.write(`sluice: ${text}\n`);
  return ExitCode.usage;
}

async function runOnce(files: readonly string[], options: TestArguments): Promise<number> {
  const suites: Suite[] = [];
  const problems: string[] = [];
  for (const file of files) {
    const read = SuiteRunner.read(file);
    if ("cases" in read) suites.push(read);
    else problems.push(...read);
  }
  if (problems.length > 0) {
    process.stderr.write(`${problems.join("\n")}\n`);
    return ExitCode.config;
  }
  try {
    if (!options.againstEnvoy) return await runSuites(suites, options);
    const { compareSuites } = await import("./against-envoy.ts");
    return await compareSuites(suites, options);
  } catch (error) {
    // A report or snapshots that cannot be written.
    if (!(error instanceof Error && "syscall" in error)) throw error;
    const { path: file } = error as NodeJS.ErrnoException;
    process.stderr.write(`sluice: ${fileProblem(file ?? "the results", error)}\n`);
    return ExitCode.runTime;
  }
}

async function runSuites(suites: readonly Suite[], options: TestArguments): Promise<number> {
  const coverage = options.coverage
    ? new (await import("./coverage/coverage.ts")).Coverage()
    : undefined;
  const runner = new SuiteRunner({
    name: options.name,
    build: coverage?.mode,
    ...(coverage && { onEnd: (proxy) => coverage.collect(proxy) }),
  });
  try {
    const results: SuiteResult[] = [];
    for (const suite of suites) results.push(await runSuite(suite, runner, options));
    return finish(results, options, coverage?.report(options.coverageFolder) ?? []);
  } finally {
    await runner.close();
  }
}

async function runSuite(
  suite: Suite,
  runner: SuiteRunner,
  options: TestArguments,
): Promise<SuiteResult> {
  process.stdout.write(`${suite.file}\n`);
  const snapshots = Snapshots.open(suite.file, options.update);
  if (typeof snapshots === "string") {
    process.stderr.write(`${snapshots}\n`);
    return { file: suite.file, suite, cases: [], problems: [snapshots] };
  }
  const ran = await runner.run(suite);
  const cases: CaseResult[] = [];
  for (const each of ran.cases) {
    const result = {
      ...each,
      failures: [...each.failures, ...snapshots.check(each.test, each.outcome)],
    };
    cases.push(result);
    process.stdout.write(`${caseLines(result, options.costs).join("\n")}\n`);
  }
  const names = new Set(cases.map(({ test }) => test.name));
  if (ran.problems.length === 0) {
    snapshots.save(suite.cases.map(({ name }) => name).filter((name) => !names.has(name)));
  } else process.stderr.write(`${ran.problems.join("\n")}\n`);
  return { ...ran, cases };
}

function finish(
  results: readonly SuiteResult[],
  options: TestArguments,
  more: readonly string[],
): number {
  for (const line of [...more, summaryLine(results)]) process.stdout.write(`${line}\n`);
  if (options.junit !== undefined) writeJunit(options.junit, results);
  if (results.some(({ problems }) => problems.length > 0)) return ExitCode.config;
  const cases = results.flatMap((result) => result.cases);
  if (cases.length === 0) return usageError(noCases(options));
  const failed = cases.filter(({ failures }) => failures.length > 0);
  if (failed.length === 0) return ExitCode.ok;
  // A filter that cannot be loaded is a matter of configuration.
  const refused = failed.every(
    ({ outcome, test }) => outcome.refused !== undefined && test.refused === undefined,
  );
  return refused ? ExitCode.config : ExitCode.runTime;
}
