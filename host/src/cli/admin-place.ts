import { readFileSync } from "node:fs";
import { fileProblem } from "../common/file-problem.ts";
import type { Result } from "../contracts/result.ts";
import { type CommandFlag, fail } from "./scan-flags.ts";

/** Where an admin interface listens. */
export type AdminPlace =
  | { readonly host: string; readonly port: number }
  | { readonly socketPath: string };

/** Flags that say which proxy is meant. */
export const adminFlags = [
  {
    name: "--admin",
    value: "<address>",
    help: "The running proxy's admin address: ip:port, or the path of a Unix socket. Default: 127.0.0.1:9901.",
  },
  {
    name: "--admin-address-path",
    value: "<file>",
    help: "Read that address from the file that the proxy was told to write it to.",
  },
] as const satisfies readonly CommandFlag[];

/** What these flags say. */
export function adminPlace(values: ReadonlyMap<string, string>): Result<AdminPlace, string> {
  const file = values.get("--admin-address-path");
  if (file === undefined) return placeOf(values.get("--admin") ?? "127.0.0.1:9901");
  if (values.has("--admin")) return fail("Give --admin or --admin-address-path, not both.");
  try {
    return placeOf(readFileSync(file, "utf8").trim());
  } catch (error) {
    return fail(`--admin-address-path ${fileProblem(file, error)}`);
  }
}

function placeOf(text: string): Result<AdminPlace, string> {
  if (text.startsWith("/")) return { ok: true, value: { socketPath: text } };
  if (text.startsWith("@")) return { ok: true, value: { socketPath: `\0${text.slice(1)}` } };
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    return fail(`--admin: '${text}' is neither ip:port nor the path of a Unix socket.`);
  }
  return { ok: true, value: { host: match[1] ?? match[2]!, port } };
}
