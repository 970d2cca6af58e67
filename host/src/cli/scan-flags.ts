import { closest } from "../common/closest.ts";
import { ExitCode } from "../common/exit-code.ts";
import type { Result } from "../contracts/result.ts";
import type { FlagDescription } from "./flags.ts";

/** A flag of a command; without `value` it is a switch. */
export interface CommandFlag extends Omit<FlagDescription, "value"> {
  readonly value?: string;
}

/** What stands on a command line behind the command's name. */
export interface ScannedFlags<Name extends string> {
  /** What is no flag, in order. */
  readonly operands: readonly string[];
  /** By name; switches have an empty value. */
  readonly values: ReadonlyMap<Name, string>;
  readonly help: boolean;
}

/**
 * Splits the arguments of a command into operands and flags. An error is one sentence for the user. `refusal` says what
 * is wrong with an argument that begins with none of the flags; with it there are no operands.
 */
export function scanFlags<Name extends string>(
  args: readonly string[],
  flags: readonly (CommandFlag & { readonly name: Name })[],
  refusal?: (given: string, arg: string) => string,
): Result<ScannedFlags<Name>, string> {
  const values = new Map<Name, string>();
  const operands: string[] = [];
  let help = false;
  for (let i = 0; i < args.length; i += 1) {
    const arg = args[i]!;
    if (arg === "--help" || arg === "-h") {
      help = true;
      continue;
    }
    const isOperand = !arg.startsWith("-") || arg === "-";
    if (isOperand && refusal === undefined) {
      operands.push(arg);
      continue;
    }
    const [given, attached] = split(arg);
    const flag = flags.find(({ name, short }) => name === given || short === given);
    if (flag === undefined) return fail(refusal?.(given, arg) ?? unknownFlag(given, flags));
    if (values.has(flag.name)) return fail(`${flag.name} is given twice.`);
    if (flag.value === undefined && attached !== undefined) return fail(`${given} takes no value.`);
    const value = flag.value === undefined ? "" : (attached ?? args[(i += 1)]);
    if (value === undefined) return fail(`${given} needs a value: ${given} ${flag.value}.`);
    values.set(flag.name, value);
  }
  return { ok: true, value: { operands, values, help } };
}

/** `--flag=value` in its two parts. */
function split(arg: string): [string, string | undefined] {
  const at = arg.startsWith("--") ? arg.indexOf("=") : -1;
  return at < 0 ? [arg, undefined] : [arg.slice(0, at), arg.slice(at + 1)];
}

/** Says what is wrong with the arguments of a command; gives the exit code. */
export function printUsageError(command: string, error: string, usage: string): number {
  process.stderr.write(`sluice: ${error}\n${usage}\n${command} --help lists the flags.\n`);
  return ExitCode.usage;
}

/** The rows of a help text, one per flag. */
export function flagRows(flags: readonly CommandFlag[]): string[] {
  const labels = flags.map(({ name, short, value }) =>
    `${short === undefined ? "    " : `${short}, `}${name} ${value ?? ""}`.trimEnd(),
  );
  const width = Math.max(...labels.map((label) => label.length));
  return flags.map((flag, i) => `  ${labels[i]!.padEnd(width)}  ${flag.help}`);
}

/** Of a flag that there is not. `shown`: as it was given. */
export function unknownFlag(given: string, flags: readonly CommandFlag[], shown = given): string {
  const near = closest(
    given,
    flags.map(({ name }) => name),
  );
  return `There is no flag ${shown}.${near === undefined ? "" : ` Did you mean ${near}?`}`;
}

/** A refusal of arguments. */
export function fail(error: string): { readonly ok: false; readonly error: string } {
  return { ok: false, error };
}
