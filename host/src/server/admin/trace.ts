import type { TraceRequest } from "../../guest/watch/guest-trace.ts";
import type { Result } from "../../contracts/result.ts";
import type { TraceBounds } from "../guest-tracing.ts";
import type { AdminDeps } from "./admin-deps.ts";
import { type AdminRequest, type AdminResponse, plainText, textResponse } from "./admin-request.ts";

const secretHeadersDefault = "authorization,cookie,set-cookie";

/** Defaults and largest values of the numbers. */
const numbers = {
  streams: { initial: 10, max: 10_000 },
  duration_s: { initial: 60, max: 3600 },
  max_bytes: { initial: 1_048_576, max: 1_073_741_824 },
  text_bytes: { initial: 64, max: 65_536 },
} as const;

/** `/trace`: follows the calls of a guest, as text that grows until the trace ends. */
export async function tracePage(request: AdminRequest, deps: AdminDeps): Promise<AdminResponse> {
  const wanted = parse(request.params);
  if (!wanted.ok) return textResponse(400, `${wanted.error}\n`);
  const { trace, bounds } = wanted.value;
  const started = await deps.traceGuest(trace);
  if (!started.ok) return textResponse(started.error.status, `${started.error.text}\n`);
  return {
    status: 200,
    contentType: plainText,
    body: (output) => started.value.copyTo(output, bounds),
  };
}

function parse(
  params: ReadonlyMap<string, string>,
): Result<{ readonly trace: TraceRequest; readonly bounds: TraceBounds }, string> {
  const guest = params.get("guest") ?? "";
  if (guest === "") {
    return { ok: false, error: "guest is missing: the name of a Wasm plugin or Lua filter" };
  }
  const problems: string[] = [];
  const number = (name: keyof typeof numbers): number => {
    const { initial, max } = numbers[name];
    const text = params.get(name) ?? String(initial);
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= 1 && value <= max)) {
      problems.push(`${name} is not a whole number from 1 to ${max}`);
    }
    return value;
  };
  const secrets = (params.get("redact") ?? secretHeadersDefault).split(",");
  const trace = {
    guest,
    streams: number("streams"),
    maxTextBytes: number("text_bytes"),
    changes: params.get("changes") === "1",
    secretHeaders: secrets.map((name) => name.trim().toLowerCase()).filter((name) => name !== ""),
  };
  const format = params.get("format") ?? "text";
  if (format !== "text" && format !== "json") problems.push("format is text or json");
  const bounds = {
    durationMs: number("duration_s") * 1000,
    bytes: number("max_bytes"),
    json: format === "json",
  };
  if (problems.length > 0) return { ok: false, error: problems.join("; ") };
  return { ok: true, value: { trace, bounds } };
}
