import { formatProblem } from "../../config/problem.ts";
import type { Costs } from "../proxy/proxy.ts";
import type { CaseResult, SuiteResult } from "../run/suite-runner.ts";

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
  return [`  ${word} ${test.name}${cost}`, ...told];
}

/** `4,210 instructions, 9 host calls, 7 allocations (412 bytes)` */
export function costsText(costs: Costs): string {
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
