import { closeSync, openSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { fileProblem } from "../common/file-problem.ts";
import { ExitCode } from "../common/exit-code.ts";
import type { Result } from "../contracts/result.ts";
import { guestQuery, postToAdmin, printRefusal, printUnreachable } from "./admin-client.ts";
import { adminFlags, adminPlace, type AdminPlace } from "./admin-place.ts";
import { type CommandFlag, flagRows, printUsageError, scanFlags } from "./scan-flags.ts";

/** Flags of `sluice record`. */
export const recordFlags: readonly CommandFlag[] = [
  {
    name: "--output",
    short: "-o",
    value: "<file>",
    help: "Where recordings go, a line of JSON each. Default: standard output.",
  },
  { name: "--streams", short: "-n", value: "<n>", help: "End after so many. Default: 1." },
  { name: "--on-trap", help: "Record only streams in which the module traps." },
  { name: "--one-in", value: "<n>", help: "Record one of so many streams. Default: 1." },
  { name: "--duration", value: "<seconds>", help: "End after this time. Default: 60." },
  { name: "--max-bytes", value: "<n>", help: "Size of one recording. Default: 1048576." },
  {
    name: "--redact",
    value: "<names>",
    help: "Headers whose values are left out; '' keeps all. Default: authorization,cookie,set-cookie.",
  },
  ...adminFlags,
];

const recordUsage = "usage: sluice record <plugin> [flags]";

/** What `sluice record` is asked to do. */
export interface RecordCommand {
  readonly help: boolean;
  readonly admin: AdminPlace;
  /** Of `/record`, as it is sent. */
  readonly params: URLSearchParams;
  /** Undefined: standard output. */
  readonly output: string | undefined;
}

/** `sluice record`: writes recordings of a running proxy until there are enough, and gives the exit code. */
export async function record(args: readonly string[]): Promise<number> {
  const parsed = parseRecordArguments(args);
  if (!parsed.ok) return printUsageError("sluice record", parsed.error, recordUsage);
  const { help, admin, params, output } = parsed.value;
  if (help) {
    process.stdout.write(recordHelp());
    return ExitCode.ok;
  }
  let file: number | undefined;
  try {
    // Before anything is recorded for it.
    file = output === undefined ? undefined : openSync(output, "w");
  } catch (error) {
    return printUsageError("sluice record", fileProblem(`--output ${output}`, error), recordUsage);
  }
  let response: IncomingMessage;
  try {
    response = await postToAdmin(admin, `/record?${params.toString()}`);
    if (response.statusCode !== 200) return await printRefusal(response);
  } catch (error) {
    return printUnreachable(admin, error);
  }
  return write(response, file, output ?? "standard output");
}

/** Reads the arguments behind `record`. An error is one sentence for the user. */
export function parseRecordArguments(args: readonly string[]): Result<RecordCommand, string> {
  const scanned = scanFlags(args, recordFlags);
  if (!scanned.ok) return scanned;
  const { operands, values, help } = scanned.value;
  const [guest, another] = operands;
  if (!help && guest === undefined) {
    return { ok: false, error: "Which plugin? Give the name of a Wasm plugin." };
  }
  if (another !== undefined) {
    return { ok: false, error: `One plugin at a time: '${guest}' or '${another}'.` };
  }
  const admin = adminPlace(values);
  if (!admin.ok) return admin;
  const params = guestQuery(guest ?? "", values);
  if (values.has("--on-trap")) params.set("on_trap", "1");
  return { ok: true, value: { help, admin: admin.value, params, output: values.get("--output") } };
}

function recordHelp(): string {
  return [
    recordUsage,
    "",
    "Records what streams of a Wasm plugin do in a running proxy: callbacks, host calls and their results. sluice replay",
    "runs a recording again.",
    "",
    ...flagRows(recordFlags),
    "",
  ].join("\n");
}

/** `name`: of the file, as it is told. */
async function write(
  response: IncomingMessage,
  file: number | undefined,
  name: string,
): Promise<number> {
  let count = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      count += chunk.toString("latin1").split("\n").length - 1;
      if (file !== undefined) writeFileSync(file, chunk);
      else if (!process.stdout.write(chunk)) await once(process.stdout, "drain");
    }
    if (file !== undefined) closeSync(file);
  } catch (error) {
    process.stderr.write(`sluice: ${fileProblem(name, error)}\n`);
    return ExitCode.runTime;
  }
  process.stderr.write(`${count} ${count === 1 ? "stream" : "streams"} recorded\n`);
  return count > 0 ? ExitCode.ok : ExitCode.runTime;
}
