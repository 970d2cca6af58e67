import { formatProblem } from "../../config/problem.ts";
import type { Costs } from "../proxy/proxy.ts";
import type { CaseResult, SuiteResult } from "../run/suite-runner.ts";

const errorsShown = 5;

/** Where lines of the report go. */
export type Print = (line: string) => void;

/** The line of a case, and those of its failures. */
export function caseLines({ test, outcome, failures }: CaseResult, costs: boolean): string[] {
  const word = failures.length === 0 ? "ok   " : "FAIL ";
  const cost = costs && outcome.costs !== undefined ? `   ${costsText(outcome.costs)}` : "";
  const told = failures.map(({ place, text }) => {
    const line = formatProblem({ ...place, path: "", severity: "error", text });
    return `        ${line.replaceAll("\n", "\n        ")}`;
  });
  const logged = failures.length === 0 ? [] : errorsOf(outcome);
  return [`  ${word} ${test.name}${cost}`, ...told, ...logged];
}

/** What guests have logged as they failed: often the reason of what is told above it. */
function errorsOf({ observed }: CaseResult["outcome"]): string[] {
  const lines = observed
    .flatMap(({ log }) => log)
    .filter(({ level }) => level === "error" || level === "critical");
  const shown = lines.slice(0, errorsShown).map(({ level, text }) => `${level}: ${text}`);
  const more = lines.length - shown.length;
  if (more > 0) shown.push(`and ${more} more errors`);
  return shown.map((line) => `          ${line.replaceAll("\n", "\n          ")}`);
}

/** `4,210 instructions, 9 host calls, 7 allocations (412 bytes)` */
function costsText(costs: Costs): string {
  const number = (value: number): string => value.toLocaleString("en-US");
  const { instructions, hostCalls, allocations, allocatedBytes } = costs;
  return `${number(instructions)} instructions, ${number(hostCalls)} host calls, ${number(allocations)} allocations (${number(allocatedBytes)} bytes)`;
}

/** How many there were of each kind. */
export function summaryLine(results: readonly SuiteResult[]): string {
  const cases = results.flatMap((result) => result.cases);
  const failed = cases.filter(({ failures }) => failures.length > 0).length;
  const all = `${cases.length} ${cases.length === 1 ? "case" : "cases"}`;
  const parts = [all, `${cases.length - failed} passed`];
  if (failed > 0) parts.push(`${failed} failed`);
  return parts.join(", ");
}
