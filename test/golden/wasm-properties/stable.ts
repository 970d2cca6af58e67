import { readPairs } from "@sluice/abi";
import type { Properties, Value } from "./scenario.ts";

// Ports, times and what this host calls itself.
const volatile = new Set([
  "request|time",
  "request|duration",
  "response|backend_latency",
  "source|address",
  "source|port",
  "destination|address",
  "destination|port",
  "connection|id",
  "connection_id",
  "upstream|address",
  "upstream|port",
  "upstream|local_address",
  "upstream|cx_pool_ready_duration",
  // They hold x-envoy-upstream-service-time.
  "response|headers",
  "response|total_size",
  "xds|node",
  "xds|node|user_agent_name",
]);
/** Messages with maps inside, whose entries come in any order. */
const unordered = new Set(["metadata"]);

/** The part of a value that is the same in each run: text. */
function stableValue(path: string, [status, hex]: Value): string {
  if (status !== 0) return `status ${status}`;
  const bytes = Buffer.from(hex, "hex");
  if (volatile.has(path)) return bytes.length === 8 ? "8 bytes" : "a value";
  return unordered.has(path) ? `bytes ${bytes.sort().toString("hex")}` : canonical(bytes);
}

/** Maps with their entries sorted, as text. */
function canonical(bytes: Uint8Array): string {
  const pairs = readPairs(bytes);
  if (pairs.length === 0) return Buffer.from(bytes).toString("hex");
  const inner = (text: string): string => canonical(Buffer.from(text, "latin1"));
  return `{${pairs
    .map(([name, value]) => `${inner(name)}: ${inner(value)}`)
    .sort()
    .join(", ")}}`;
}

/** By path: what each callback got. */
export function stable(properties: Properties): Record<string, Record<string, string>> {
  const byPath: Record<string, Record<string, string>> = {};
  for (const [callback, values] of Object.entries(properties)) {
    for (const [path, value] of Object.entries(values)) {
      (byPath[path] ??= {})[callback] = stableValue(path, value);
    }
  }
  return byPath;
}
