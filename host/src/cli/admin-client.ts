import { request, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
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

/** What flags are called in `/trace` and `/record`. */
const paramNames: { readonly [flag: string]: string | undefined } = {
  "--streams": "streams",
  "--one-in": "one_in",
  "--duration": "duration_s",
  "--max-bytes": "max_bytes",
  "--text-bytes": "text_bytes",
  "--redact": "redact",
};

/** The query of `/trace` and `/record`, as the flags say. */
export function guestQuery(guest: string, values: ReadonlyMap<string, string>): URLSearchParams {
  const params = new URLSearchParams({ guest });
  for (const [flag, value] of values) {
    const name = paramNames[flag];
    if (name !== undefined) params.set(name, value);
  }
  return params;
}

/** Says why the proxy refuses; gives the exit code. */
export async function printRefusal(response: IncomingMessage): Promise<number> {
  process.stderr.write(`sluice: ${(await text(response)).trim()}\n`);
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
