import { request, type IncomingMessage } from "node:http";
import { ExitCode } from "../common/exit-code.ts";
import { type AdminPlace, parseTraceArguments, traceHelp, traceUsage } from "./trace-arguments.ts";

/** `sluice trace`: prints the trace until it ends, and gives the exit code. */
export async function trace(args: readonly string[]): Promise<number> {
  const parsed = parseTraceArguments(args);
  if (!parsed.ok) {
    process.stderr.write(
      `sluice: ${parsed.error}\n${traceUsage}\nsluice trace --help lists the flags.\n`,
    );
    return ExitCode.usage;
  }
  if (parsed.value.kind === "help") {
    process.stdout.write(traceHelp());
    return ExitCode.ok;
  }
  const { admin, params } = parsed.value;
  try {
    const response = await post(admin, `/trace?${params.toString()}`);
    return response.statusCode === 200 ? await print(response) : await refuse(response);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(`sluice: the admin interface at ${placeText(admin)}: ${reason}\n`);
    return ExitCode.runTime;
  }
}

function post(admin: AdminPlace, path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // The host of a Unix socket is this machine.
    const host = "host" in admin ? undefined : { host: "localhost" };
    request({ ...admin, method: "POST", path, headers: { ...host } }, resolve)
      .on("error", reject)
      .end();
  });
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

async function refuse(response: IncomingMessage): Promise<number> {
  let text = "";
  response.setEncoding("utf8");
  for await (const piece of response as AsyncIterable<string>) text += piece;
  process.stderr.write(`sluice: ${text.trim()}\n`);
  return ExitCode.runTime;
}

function placeText(admin: AdminPlace): string {
  return "host" in admin ? `${admin.host}:${admin.port}` : admin.socketPath.replace("\0", "@");
}
