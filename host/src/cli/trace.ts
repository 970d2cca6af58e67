import type { IncomingMessage } from "node:http";
import { ExitCode } from "../common/exit-code.ts";
import { postToAdmin, printRefusal, printUnreachable } from "./admin-client.ts";
import { printUsageError } from "./scan-flags.ts";
import { parseTraceArguments, traceHelp, traceUsage } from "./trace-arguments.ts";

/** `sluice trace`: prints the trace until it ends, and gives the exit code. */
export async function trace(args: readonly string[]): Promise<number> {
  const parsed = parseTraceArguments(args);
  if (!parsed.ok) return printUsageError("sluice trace", parsed.error, traceUsage);
  if (parsed.value.kind === "help") {
    process.stdout.write(traceHelp());
    return ExitCode.ok;
  }
  const { admin, params } = parsed.value;
  try {
    const response = await postToAdmin(admin, `/trace?${params.toString()}`);
    return response.statusCode === 200 ? await print(response) : await printRefusal(response);
  } catch (error) {
    return printUnreachable(admin, error);
  }
}

/** No faster than standard output takes it. */
function print(response: IncomingMessage): Promise<number> {
  return new Promise((resolve, reject) => {
    // A pipe whose reader has seen enough (`| head`) ends the trace.
    process.stdout.on("error", () => {
      response.destroy();
      resolve(ExitCode.ok);
    });
    response.on("error", reject);
    response.on("end", () => resolve(ExitCode.ok));
    response.pipe(process.stdout, { end: false });
  });
}
