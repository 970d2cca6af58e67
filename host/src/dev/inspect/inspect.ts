import { readFileSync } from "node:fs";
import { type CommandFlag, flagRows, printUsageError, scanFlags } from "../../cli/scan-flags.ts";
import { sluiceVersion } from "../../cli/version.ts";
import { unreadable } from "../../common/file-problem.ts";
import { ExitCode } from "../../common/exit-code.ts";
import type { Result } from "../../contracts/result.ts";
import { inspectModule } from "./module-report.ts";
import { noModuleText } from "./no-module.ts";
import { reportText } from "./report-text.ts";

const usage = "usage: sluice inspect <file.wasm> [--json] [--top <n>]";

/** Flags of `sluice inspect`. */
export const inspectFlags: readonly CommandFlag[] = [
  { name: "--json", help: "Print all that is known as JSON." },
  { name: "--top", value: "<n>", help: "List so many functions, by size. Default: 10." },
];

const helpText = [
  usage,
  "",
  "Prints what a WebAssembly module imports, exports and says of itself, what its functions weigh, and which hosts",
  "of Proxy-Wasm can run it, without running it.",
  "",
  ...flagRows(inspectFlags),
  "",
  "Exit codes: 0 this Sluice can run it, 1 it cannot, 2 wrong command line or no such file, 78 this is no module.",
  "",
].join("\n");

/** `sluice inspect`; gives the exit code. */
export async function inspect(args: readonly string[]): Promise<number> {
  const parsed = parse(args);
  if (!parsed.ok) return printUsageError("sluice inspect", parsed.error, usage);
  if (parsed.value === "help") {
    process.stdout.write(helpText);
    return ExitCode.ok;
  }
  const { file, json, top } = parsed.value;
  const problem = unreadable(file);
  if (problem !== undefined) return fail(problem, ExitCode.usage);
  const bytes = readFileSync(file);
  const report = await inspectModule(bytes, `Sluice ${sluiceVersion()}`);
  if (!report.ok) {
    return fail(`${file}: ${noModuleText(file, bytes, report.error)}`, ExitCode.config);
  }
  process.stdout.write(
    json ? `${JSON.stringify(report.value, undefined, 2)}\n` : reportText(file, report.value, top),
  );
  return report.value.hosts[0]!.runs === "yes" ? ExitCode.ok : ExitCode.runTime;
}

interface InspectCommand {
  readonly file: string;
  readonly json: boolean;
  readonly top: number;
}

function parse(args: readonly string[]): Result<InspectCommand | "help", string> {
  const scanned = scanFlags(args, inspectFlags);
  if (!scanned.ok) return scanned;
  const { operands, values, help } = scanned.value;
  if (help) return { ok: true, value: "help" };
  const [file, another] = operands;
  if (file === undefined) return { ok: false, error: "Which module? Give a .wasm file." };
  if (another !== undefined) {
    return { ok: false, error: `One module at a time: '${file}' or '${another}'.` };
  }
  const top = values.get("--top") ?? "10";
  if (!/^\d{1,6}$/.test(top)) {
    return { ok: false, error: `--top '${top}' is not a whole number from 0 to 999999.` };
  }
  return { ok: true, value: { file, json: values.has("--json"), top: Number(top) } };
}

function fail(text: string, exitCode: number): number {
  process.stderr.write(`sluice: ${text}\n`);
  return exitCode;
}
