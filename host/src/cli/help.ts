import { commands } from "./commands.ts";
import { switches, valueFlags, type FlagDescription } from "./flags.ts";

/** The first line of every usage text. */
export const usageLine = `usage: sluice -c <file> [flags], or: sluice ${commands.map(({ name }) => name).join("|")} …`;

/** What `--help` prints. */
export function helpText(): string {
  const rows: (readonly [string, string])[] = [
    ...valueFlags.map((flag) => [label(flag), flag.help] as const),
    ...switches.map((flag) => [label({ ...flag, value: "" }), flag.help] as const),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const flags = rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`);
  return [
    usageLine,
    "",
    "Flags are Envoy's, as --flag value or --flag=value:",
    ...flags,
    "",
    "Commands, each with --help:",
    ...commands.map(({ name, help }) => `  ${name.padEnd(8)} ${help}`),
    "",
    "Signals: SIGTERM and SIGINT end in order, a second one more than a second later at once.",
    "Exit codes: 0 ended in order, 1 failure, 2 wrong command line, 78 wrong configuration.",
    "",
  ].join("\n");
}

function label(flag: Omit<FlagDescription, "help">): string {
  const short = flag.short === undefined ? "    " : `${flag.short}, `;
  return `${short}${flag.name} ${flag.value}`.trimEnd();
}
