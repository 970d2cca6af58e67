import type { TraceRequest } from "../../guest/watch/guest-trace.ts";
import type { Result } from "../../contracts/result.ts";
import type { AdminDeps } from "./admin-deps.ts";
import { type AdminRequest, type AdminResponse, textResponse } from "./admin-request.ts";
import { FollowQuery } from "./follow-query.ts";

/** Defaults and largest values of the numbers. */
const numbers = {
  streams: { initial: 1, max: 1000 },
  one_in: { initial: 1, max: 1_000_000 },
  duration_s: { initial: 60, max: 86_400 },
  max_bytes: { initial: 1_048_576, max: 67_108_864 },
} as const;

/** `/record`: recordings of streams of a Wasm plugin, a line of JSON each. */
export async function recordPage(request: AdminRequest, deps: AdminDeps): Promise<AdminResponse> {
  const wanted = parse(request.params);
  if (!wanted.ok) return textResponse(400, `${wanted.error}\n`);
  const { trace, durationMs } = wanted.value;
  const started = await deps.traceGuest(trace);
  if (!started.ok) return textResponse(started.error.status, `${started.error.text}\n`);
  return {
    status: 200,
    contentType: "application/jsonl",
    body: (output) => started.value.copyTo(output, { durationMs, bytes: Infinity }),
  };
}

function parse(
  params: ReadonlyMap<string, string>,
): Result<{ readonly trace: TraceRequest; readonly durationMs: number }, string> {
  const guest = params.get("guest") ?? "";
  if (guest === "") return { ok: false, error: "guest is missing: the name of a Wasm plugin" };
  const query = new FollowQuery(params);
  const trace: TraceRequest = {
    guest,
    streams: query.number("streams", numbers.streams),
    maxTextBytes: 0,
    secretHeaders: query.secretHeaders,
    recording: {
      onTrap: query.isSet("on_trap", "0", "1"),
      oneIn: query.number("one_in", numbers.one_in),
      maxChars: query.number("max_bytes", numbers.max_bytes),
    },
  };
  const durationMs = query.number("duration_s", numbers.duration_s) * 1000;
  if (query.problems.length > 0) return { ok: false, error: query.problems.join("; ") };
  return { ok: true, value: { trace, durationMs } };
}
