import type { TraceRequest } from "../../guest/watch/guest-trace.ts";
import type { Result } from "../../contracts/result.ts";
import type { AdminDeps } from "./admin-deps.ts";
import { type AdminRequest, type AdminResponse, textResponse } from "./admin-request.ts";

const secretHeadersDefault = "authorization,cookie,set-cookie";

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
  const onTrap = params.get("on_trap") ?? "0";
  if (onTrap !== "0" && onTrap !== "1") problems.push("on_trap is 0 or 1");
  const secrets = (params.get("redact") ?? secretHeadersDefault).split(",");
  const trace: TraceRequest = {
    guest,
    streams: number("streams"),
    maxTextBytes: 0,
    secretHeaders: secrets.map((name) => name.trim().toLowerCase()).filter((name) => name !== ""),
    recording: {
      onTrap: onTrap === "1",
      oneIn: number("one_in"),
      maxChars: number("max_bytes"),
    },
  };
  const durationMs = number("duration_s") * 1000;
  if (problems.length > 0) return { ok: false, error: problems.join("; ") };
  return { ok: true, value: { trace, durationMs } };
}
