import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { ExitCode } from "../../common/exit-code.ts";
import { type CommandFlag, flagRows, printUsageError, scanFlags } from "../../cli/scan-flags.ts";
import { unreadable } from "../../common/file-problem.ts";
import { filterFile } from "../../filter-source/filter-file.ts";
import { buildFilter } from "../../filter-source/build-filter.ts";
import type { Recording } from "../../guest/watch/recording.ts";
import { readRecordings } from "./read-recordings.ts";
import { replay } from "./replay.ts";
import { suiteOf } from "./suite-of-recording.ts";

/** Flags of `sluice replay`. */
export const replayFlags: readonly CommandFlag[] = [
  {
    name: "--with",
    value: "<file>",
    help: "Run this module (.wasm, or .ts) instead of the one that was recorded.",
  },
  { name: "--test", help: "Print a suite for sluice test that does what was recorded." },
];

const replayUsage = "usage: sluice replay <recording> [flags]";

/** `sluice replay`: runs recordings again, says where a module first does something else, and gives the exit code. */
export async function replayCommand(args: readonly string[]): Promise<number> {
  const scanned = scanFlags(args, replayFlags);
  if (!scanned.ok) return usageError(scanned.error);
  const { operands, values, help } = scanned.value;
  if (help) {
    process.stdout.write(replayHelp());
    return ExitCode.ok;
  }
  const [file, another] = operands;
  if (file === undefined) return usageError("Which recording? Give its file.");
  if (another !== undefined) return usageError(`One file at a time: '${file}' or '${another}'.`);
  const wrong = unreadable(file);
  if (wrong !== undefined) return problem(wrong, ExitCode.usage);
  const recordings = readRecordings(file);
  if (typeof recordings === "string") return problem(recordings, ExitCode.config);
  if (values.has("--test")) {
    const suite = suiteOf(recordings, values.get("--with"));
    if (!suite.ok) return problem(suite.error, ExitCode.usage);
    process.stdout.write(suite.value);
    return ExitCode.ok;
  }
  let exitCode: number = ExitCode.ok;
  for (const [i, recording] of recordings.entries()) {
    const title = recordings.length === 1 ? "" : `${i + 1}: `;
    const code = await runOne(recording, values.get("--with"), title);
    if (exitCode === ExitCode.ok) exitCode = code;
  }
  return exitCode;
}

async function runOne(
  recording: Recording,
  given: string | undefined,
  title: string,
): Promise<number> {
  const { plugin } = recording;
  const file = given ?? plugin.file;
  if (file === undefined) {
    return problem("the module was in no file; give one by --with", ExitCode.usage);
  }
  const wrong = wrongFile(file, given);
  if (wrong !== undefined) return problem(wrong, ExitCode.usage);
  const built = await buildFilter(file);
  if (!built.ok) return problem(built.problem, ExitCode.config);
  if (built.filter.kind !== "wasm") return problem(`${file} is no Wasm module`, ExitCode.usage);
  const { bytes } = built.filter;
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (given === undefined && sha256 !== plugin.sha256) {
    const text = `${file} has changed since the recording; to run what is there now: --with ${file}`;
    return problem(text, ExitCode.usage);
  }
  const result = await replay(recording, bytes);
  if (typeof result === "string") return problem(result, ExitCode.config);
  return report(recording, result, title);
}

/** Why this cannot be the module; undefined: it is looked at. */
function wrongFile(file: string, given: string | undefined): string | undefined {
  if (given === undefined) {
    return existsSync(file)
      ? unreadable(file)
      : `the module is not at ${file} any more; give one by --with`;
  }
  const found = filterFile(given);
  return found.ok ? unreadable(given) : `--with: ${found.error}`;
}

function report(
  recording: Recording,
  { callbacks, hostCalls, divergence }: Exclude<Awaited<ReturnType<typeof replay>>, string>,
  title: string,
): number {
  const did = `${callbacks} callbacks, ${hostCalls} host calls`;
  if (divergence === undefined) {
    const failure = recording.callbacks.at(-1)?.failure;
    const also = failure === undefined ? "" : `; it fails as it did: ${failure}`;
    const cut = recording.cut ? "; the recording was cut here" : "";
    process.stdout.write(`${title}the module does what was recorded: ${did}${also}${cut}\n`);
    return ExitCode.ok;
  }
  const { place, recorded, now } = divergence;
  const lines = [
    `${title}the first difference, after ${did}: ${place}`,
    `  recorded  ${recorded}`,
    `  now       ${now}`,
  ];
  if (recording.redacted.length > 0) {
    lines.push(`  (values of ${recording.redacted.join(", ")} are not in the recording)`);
  }
  process.stdout.write(`${lines.join("\n")}\n`);
  return ExitCode.runTime;
}

function replayHelp(): string {
  return [
    replayUsage,
    "",
    "Runs what sluice record has recorded in a new VM, without a network: host calls give what they gave. Says where the",
    "module first does something else.",
    "",
    ...flagRows(replayFlags),
    "",
    "Exit codes: 0 it does the same, 1 it does not, 2 wrong command line or file, 78 what cannot be understood or started.",
    "",
  ].join("\n");
}

function usageError(text: string): number {
  return printUsageError("sluice replay", text, replayUsage);
}

function problem(text: string, exitCode: number): number {
  process.stderr.write(`sluice: ${text}\n`);
  return exitCode;
}
