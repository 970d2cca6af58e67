import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { formatProblem } from "../../config/problem.ts";
import type { CaseResult, SuiteResult } from "../run/suite-runner.ts";

/** Writes them to a file, whose folder is made. */
export function writeJunit(file: string, results: readonly SuiteResult[]): void {
  mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
  writeFileSync(file, junitText(results));
}

/** The results as JUnit's XML, which CI servers read. */
export function junitText(results: readonly SuiteResult[]): string {
  const suites = results.map(suiteText).join("");
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites}</testsuites>\n`;
}

function suiteText({ file, cases, problems }: SuiteResult): string {
  const refused = cases.filter(isRefused).length;
  const failed = cases.filter(({ failures }) => failures.length > 0).length - refused;
  const skipped = cases.filter(isSkipped).length;
  const seconds = secondsOf(cases.reduce((sum, { ms }) => sum + ms, 0));
  const broken = problems.length > 0 ? 1 : 0;
  const head = `name="${escape(file)}" tests="${cases.length + broken}" failures="${failed}" errors="${broken + refused}" skipped="${skipped}" time="${seconds}"`;
  const error =
    broken === 0
      ? ""
      : `    <testcase name="suite" classname="${escape(file)}">\n      <error message="${escape(problems[0]!)}">${escape(problems.join("\n"))}</error>\n    </testcase>\n`;
  const body = cases.map((each) => caseText(file, each)).join("");
  return `  <testsuite ${head}>\n${error}${body}  </testsuite>\n`;
}

/** What fails by itself has failed. */
function isSkipped({ failures, skipped }: CaseResult): boolean {
  return failures.length === 0 && skipped !== undefined;
}

/** It never ran, and that was not expected. */
function isRefused({ test, outcome, failures }: CaseResult): boolean {
  return outcome.refused !== undefined && test.refused === undefined && failures.length > 0;
}

function caseText(file: string, result: CaseResult): string {
  const { test, failures, ms } = result;
  const { line } = test.place;
  const head = `name="${escape(test.name)}" classname="${escape(file)}" file="${escape(file)}" line="${line}" time="${secondsOf(ms)}"`;
  if (isSkipped(result)) {
    return `    <testcase ${head}>\n      <skipped message="${escape(result.skipped!)}"/>\n    </testcase>\n`;
  }
  if (failures.length === 0) return `    <testcase ${head}/>\n`;
  const lines = failures.map(({ place, text }) =>
    formatProblem({ ...place, path: "", severity: "error", text }),
  );
  const kind = isRefused(result) ? "error" : "failure";
  const element = `<${kind} message="${escape(failures[0]!.text)}">${escape(lines.join("\n"))}</${kind}>`;
  return `    <testcase ${head}>\n      ${element}\n    </testcase>\n`;
}

function secondsOf(ms: number): string {
  return (ms / 1000).toFixed(3);
}

/** XML has no other control characters than these three. */
function escape(text: string): string {
  return (
    text
      // oxlint-disable-next-line no-control-regex -- they are what is replaced
      .replaceAll(/[\x00-\x08\x0b\x0c\x0e-\x1f]/g, "\ufffd")
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll(">", "&gt;")
      .replaceAll('"', "&quot;")
      .replaceAll("\n", "&#10;")
  );
}
