import { closest } from "../common/closest.ts";
import type { Result } from "../contracts/result.ts";
import type { FlagDescription } from "./flags.ts";

/** A flag of a command; without `value` it is a switch. */
export interface CommandFlag extends Omit<FlagDescription, "value"> {
  readonly value?: string;
}

/** What stands on a command line behind the command's name. */
export interface ScannedFlags {
  /** What is no flag, in order. */
  readonly operands: readonly string[];
  /** By name; switches have an empty value. */
  readonly values: ReadonlyMap<string, string>;
  readonly help: boolean;
}

/** Splits the arguments of a command into operands and flags. An error is one sentence for the user. */
export function scanFlags(
  args: readonly string[],
  flags: readonly CommandFlag[],
): Result<ScannedFlags, string> {
  const values = new Map<string, string>();
  const operands: string[] = [];
  let help = false;
  for (let i = 0; i < args.length; i += 1) {
    const arg = args[i]!;
    if (arg === "--help" || arg === "-h") {
      help = true;
      continue;
    }
    if (!arg.startsWith("-") || arg === "-") {
      operands.push(arg);
      continue;
    }
    const equals = arg.startsWith("--") ? arg.indexOf("=") : -1;
    const given = equals < 0 ? arg : arg.slice(0, equals);
    const flag = flags.find(({ name, short }) => name === given || short === given);
    if (flag === undefined) return fail(unknownFlag(given, flags));
    if (values.has(flag.name)) return fail(`${flag.name} is given twice.`);
    if (flag.value === undefined && equals >= 0) return fail(`${given} takes no value.`);
    const attached = equals < 0 ? undefined : arg.slice(equals + 1);
    const value = flag.value === undefined ? "" : (attached ?? args[(i += 1)]);
    if (value === undefined) return fail(`${given} needs a value: ${given} ${flag.value}.`);
    values.set(flag.name, value);
  }
  return { ok: true, value: { operands, values, help } };
}

/** The rows of a help text, one per flag. */
export function flagRows(flags: readonly CommandFlag[]): string[] {
  const labels = flags.map(({ name, short, value }) =>
    `${short === undefined ? "    " : `${short}, `}${name} ${value ?? ""}`.trimEnd(),
  );
  const width = Math.max(...labels.map((label) => label.length));
  return flags.map((flag, i) => `  ${labels[i]!.padEnd(width)}  ${flag.help}`);
}

function unknownFlag(given: string, flags: readonly CommandFlag[]): string {
  const near = closest(
    given,
    flags.map(({ name }) => name),
  );
  return `There is no flag ${given}.${near === undefined ? "" : ` Did you mean ${near}?`}`;
}

function fail(error: string): { readonly ok: false; readonly error: string } {
  return { ok: false, error };
}
