import { request, type IncomingMessage } from "node:http";
import { ExitCode } from "../common/exit-code.ts";
import type { AdminPlace } from "./admin-place.ts";

/** Asks a running proxy for something that changes it, or begins something there. */
export function postToAdmin(admin: AdminPlace, path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // The host of a Unix socket is this machine.
    const host = "host" in admin ? undefined : { host: "localhost" };
    request({ ...admin, method: "POST", path, headers: { ...host } }, resolve)
      .on("error", reject)
      .end();
  });
}

/** Says why the proxy refuses; gives the exit code. */
export async function printRefusal(response: IncomingMessage): Promise<number> {
  let text = "";
  response.setEncoding("utf8");
  for await (const piece of response as AsyncIterable<string>) text += piece;
  process.stderr.write(`sluice: ${text.trim()}\n`);
  return ExitCode.runTime;
}

/** Says that there is nobody; gives the exit code. */
export function printUnreachable(admin: AdminPlace, error: unknown): number {
  const reason = error instanceof Error ? error.message : String(error);
  const place =
    "host" in admin ? `${admin.host}:${admin.port}` : admin.socketPath.replace("\0", "@");
  process.stderr.write(`sluice: the admin interface at ${place}: ${reason}\n`);
  return ExitCode.runTime;
}
