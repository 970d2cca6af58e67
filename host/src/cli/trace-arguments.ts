import type { Result } from "../contracts/result.ts";
import { guestQuery } from "./admin-client.ts";
import { adminFlags, adminPlace, type AdminPlace } from "./admin-place.ts";
import { type CommandFlag, fail, flagRows, scanFlags } from "./scan-flags.ts";

/** What `sluice trace` is asked to do. */
export type TraceCommand =
  | { readonly kind: "help" }
  | {
      readonly kind: "trace";
      readonly admin: AdminPlace;
      /** Of `/trace`, as it is sent. */
      readonly params: URLSearchParams;
    };

/** Flags of `sluice trace`. */
export const traceFlags = [
  ...adminFlags,
  {
    name: "--streams",
    short: "-n",
    value: "<n>",
    help: "End after so many streams. Default: 10.",
  },
  { name: "--duration", value: "<seconds>", help: "End after this time. Default: 60." },
  {
    name: "--max-bytes",
    value: "<n>",
    help: "End after so many bytes of text. Default: 1048576.",
  },
  {
    name: "--text-bytes",
    value: "<n>",
    help: "Show so many bytes of each text or body. Default: 64.",
  },
  {
    name: "--redact",
    value: "<names>",
    help: "Headers whose values are not shown; '' shows all. Default: authorization,cookie,set-cookie.",
  },
  {
    name: "--changes",
    help: "Show what of requests and responses is different behind the plugin.",
  },
] as const satisfies readonly CommandFlag[];

export const traceUsage = "usage: sluice trace <plugin> [flags]";

/** What `sluice trace --help` prints. */
export function traceHelp(): string {
  return [
    traceUsage,
    "",
    "Prints what a Wasm plugin or a Lua filter of a running proxy does: each callback, each host call with arguments,",
    "result and time. <plugin> is the plugin's name, or the Lua filter's in its chain.",
    "",
    ...flagRows(traceFlags),
    "",
  ].join("\n");
}

/** Reads the arguments behind `trace`. An error is one sentence for the user. */
export function parseTraceArguments(args: readonly string[]): Result<TraceCommand, string> {
  const scanned = scanFlags(args, traceFlags);
  if (!scanned.ok) return scanned;
  const { operands, values, help } = scanned.value;
  if (help) return { ok: true, value: { kind: "help" } };
  const [guest, another] = operands;
  if (another !== undefined) return fail(`One plugin at a time: '${guest}' or '${another}'.`);
  if (guest === undefined)
    return fail("Which plugin? Give the name of a Wasm plugin or Lua filter.");
  const admin = adminPlace(values);
  if (!admin.ok) return admin;
  const params = guestQuery(guest, values);
  if (values.has("--changes")) params.set("changes", "1");
  return { ok: true, value: { kind: "trace", admin: admin.value, params } };
}
