import type { TraceRequest } from "../../guest/watch/guest-trace.ts";
import type { Result } from "../../contracts/result.ts";
import type { TraceBounds } from "../guest-tracing.ts";
import type { AdminDeps } from "./admin-deps.ts";
import { type AdminRequest, type AdminResponse, plainText, textResponse } from "./admin-request.ts";
import { FollowQuery } from "./follow-query.ts";

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
  const query = new FollowQuery(params);
  const trace = {
    guest,
    streams: query.number("streams", numbers.streams),
    maxTextBytes: query.number("text_bytes", numbers.text_bytes),
    changes: params.get("changes") === "1",
    secretHeaders: query.secretHeaders,
  };
  const bounds = {
    durationMs: query.number("duration_s", numbers.duration_s) * 1000,
    bytes: query.number("max_bytes", numbers.max_bytes),
    json: query.isSet("format", "text", "json"),
  };
  if (query.problems.length > 0) return { ok: false, error: query.problems.join("; ") };
  return { ok: true, value: { trace, bounds } };
}
