import { type CommandFlag, flagRows, scanFlags } from "../cli/scan-flags.ts";
import type { Result } from "../contracts/result.ts";

/** What `sluice test` is asked to do. */
export interface TestArguments {
  readonly help: boolean;
  /** Suites, and folders to look for them in. */
  readonly paths: readonly string[];
  readonly name: string | undefined;
  readonly againstEnvoy: boolean;
  readonly update: boolean;
  readonly junit: string | undefined;
  readonly costs: boolean;
  readonly coverage: boolean;
  /** Where lcov.info goes. */
  readonly coverageFolder: string | undefined;
  readonly watch: boolean;
}

/** Flags of `sluice test`. */
export const testFlags: readonly CommandFlag[] = [
  { name: "--name", short: "-n", value: "<text>", help: "Only cases with this in their names." },
  { name: "--update", short: "-u", help: "Record snapshots anew." },
  { name: "--costs", help: "Print what each case costs: instructions, host calls, allocations." },
  { name: "--coverage", help: "Print which lines of AssemblyScript have run." },
  { name: "--coverage-dir", value: "<folder>", help: "The same, and write lcov.info to a folder." },
  { name: "--junit", value: "<file>", help: "Write the results as JUnit's XML." },
  {
    name: "--against",
    value: "envoy",
    help: "Run each case in Envoy, too, and print what differs. Envoy is the one in $ENVOY, or on the PATH.",
  },
  { name: "--watch", short: "-w", help: "Run again when a file below the suites changes." },
];

export const testUsage = "usage: sluice test [suite or folder ...] [flags]";

export function testHelp(): string {
  return [
    testUsage,
    "",
    "Runs suites of filters (*.test.yaml), all below this folder unless some are named; see host/docs/testing.md.",
    "",
    ...flagRows(testFlags),
    "",
    "Exit codes: 0 all passed, 1 a case failed, 2 wrong command line, 78 a suite or filter cannot be read or loaded.",
    "",
  ].join("\n");
}

/** Why nothing has run. */
export function noCases({ name }: TestArguments): string {
  return name === undefined
    ? "there are no cases in the suites"
    : `no case has "${name}" in its name`;
}

/** Reads the arguments behind `test`. An error is one sentence for the user. */
export function parseTestArguments(args: readonly string[]): Result<TestArguments, string> {
  const scanned = scanFlags(args, testFlags);
  if (!scanned.ok) return scanned;
  const { operands, values, help } = scanned.value;
  const against = values.get("--against");
  if (against !== undefined && against !== "envoy") {
    return { ok: false, error: `--against '${against}' is unknown: it is envoy.` };
  }
  const coverageFolder = values.get("--coverage-dir");
  const parsed: TestArguments = {
    help,
    paths: operands.length === 0 ? ["."] : operands,
    name: values.get("--name"),
    againstEnvoy: against !== undefined,
    update: values.has("--update"),
    junit: values.get("--junit"),
    costs: values.has("--costs"),
    coverage: values.has("--coverage") || coverageFolder !== undefined,
    coverageFolder,
    watch: values.has("--watch"),
  };
  const { coverage, costs } = parsed;
  if (parsed.againstEnvoy && (coverage || costs)) {
    return { ok: false, error: "--against goes with neither --coverage nor --costs." };
  }
  return { ok: true, value: parsed };
}
