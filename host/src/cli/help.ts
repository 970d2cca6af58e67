import { commands } from "./commands.ts";
import { switches, valueFlags } from "./flags.ts";
import { flagRows } from "./scan-flags.ts";

/** The first line of every usage text. */
export const usageLine = `usage: sluice -c <file> [flags], or: sluice ${commands.map(({ name }) => name).join("|")} …`;

/** What `--help` prints. */
export function helpText(): string {
  return [
    usageLine,
    "",
    "Flags are Envoy's, as --flag value or --flag=value:",
    ...flagRows([...valueFlags, ...switches]),
    "",
    "Commands, each with --help:",
    ...commands.map(({ name, help }) => `  ${name.padEnd(8)} ${help}`),
    "",
    "Signals: SIGTERM and SIGINT end in order, a second one more than a second later at once.",
    "Exit codes: 0 ended in order, 1 failure, 2 wrong command line, 78 wrong configuration.",
    "",
  ].join("\n");
}
