import type {
  RecordedCallback,
  RecordedHostCall,
  RecordedPairs,
} from "../../guest/watch/recording.ts";
import { bufferOf } from "../../guest/wasm/proxy-wasm/watch/call-values.ts";
import type { JsonMap, JsonValue } from "../suite/suite.ts";

/** As text where it is one. */
export function content(latin1: string): JsonValue {
  const bytes = Buffer.from(latin1, "latin1");
  const utf8 = bytes.toString();
  return Buffer.from(utf8).equals(bytes) ? utf8 : { base64: bytes.toString("base64") };
}

export function text(latin1: string): string {
  return Buffer.from(latin1, "latin1").toString();
}

/** Headers that the proxy makes. */
const made = new Set([
  "x-forwarded-proto",
  "x-request-id",
  "x-forwarded-for",
  "x-envoy-expected-rq-timeout-ms",
  "x-envoy-upstream-service-time",
  "transfer-encoding",
]);

/** Without what the proxy adds. */
export function fieldsOf(headers: RecordedPairs): JsonMap {
  const fields: Record<string, string | string[]> = {};
  for (const [name, value] of headers) {
    if (name.startsWith(":") || made.has(name)) continue;
    const before = fields[name];
    if (before === undefined) fields[name] = text(value);
    else fields[name] = [...(typeof before === "string" ? [before] : before), text(value)];
  }
  return fields;
}

const levels = ["trace", "debug", "info", "warn", "error", "critical"];

/** The lines that the module has logged, as a suite expects them. */
export function logOf(calls: readonly RecordedHostCall[]): JsonMap[] {
  return calls.flatMap(({ name, inputs }) =>
    name === "proxy_log"
      ? [{ [levels[Number(inputs[0])] ?? "info"]: text(String(inputs[1])) }]
      : [],
  );
}

/**
 * What each callback of this name has brought. What is held back is shown again with what follows, as the module has left
 * it: only what is new counts.
 */
export function freshBytes(callbacks: readonly RecordedCallback[], name: string): string[] {
  const buffers = new HeldBytes();
  return callbacks.flatMap((callback) => {
    if (callback.name !== name) return [];
    const fresh = buffers.fresh(callback);
    return fresh === "" ? [] : [fresh];
  });
}

/** What a module holds back of one direction. */
export class HeldBytes {
  #held = "";

  /** What has come with this callback, which is about the direction. */
  fresh({ name, message, calls, result }: RecordedCallback): string {
    const shown = message?.body ?? "";
    const before = this.#held;
    const buffer = bufferOf(name);
    this.#held =
      result === 0 ? "" : calls.reduce((bytes, call) => edited(bytes, call, buffer), shown);
    return before !== "" && shown.startsWith(before) ? shown.slice(before.length) : shown;
  }
}

/** What is in the buffer after this call. */
function edited(
  bytes: string,
  { name, inputs, status }: RecordedHostCall,
  buffer: number | undefined,
): string {
  if (status !== 0) return bytes;
  if (name === "sluice_take_first_bytes") return bytes.slice(Number(inputs[0]));
  if (name !== "proxy_set_buffer_bytes" || inputs[0] !== buffer) return bytes;
  const [, start, size, replacement] = inputs;
  const end = Math.min(Number(start) + Number(size), bytes.length);
  return bytes.slice(0, Number(start)) + String(replacement) + bytes.slice(end);
}
