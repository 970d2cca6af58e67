import type { Outcome } from "../run/observed.ts";
import type { JsonMap, JsonValue } from "../suite/suite.ts";
import { describeOutcome } from "./describe-outcome.ts";

/** Headers whose values differ from run to run. */
const volatile = new Set(["date", "x-request-id", "x-envoy-upstream-service-time"]);
/** Lines that are what guests say; what is said about them is each proxy's own affair. */
const guestLine = /^(info|warn|error|critical): (wasm log|script log)/;

/** What came of a case, without what two proxies, or two runs, never have in common. */
export function comparable(outcome: Outcome): JsonMap {
  // How a refusal is worded is open.
  if (outcome.refused !== undefined) return { refused: true };
  return plain(describeOutcome(outcome, true), "") as JsonMap;
}

/** Servers do not wait for each other: only what one of them got has an order. */
function byServer(requests: readonly JsonValue[]): readonly JsonValue[] {
  const server = (request: JsonValue): string => (request as JsonMap)["server"] as string;
  return requests.toSorted((a, b) => (server(a) < server(b) ? -1 : server(a) > server(b) ? 1 : 0));
}

function plain(value: JsonValue, name: string): JsonValue {
  if (Array.isArray(value)) {
    const list = value as readonly JsonValue[];
    const kept =
      name === "log"
        ? list.filter((line) => typeof line === "string" && guestLine.test(line))
        : list;
    return (name === "requests" ? byServer(kept) : kept).map((each) => plain(each, ""));
  }
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, each]) => {
    const hidden = name === "headers" && volatile.has(key);
    return [key, hidden ? "…" : plain(each as JsonValue, key)] as const;
  });
  return Object.fromEntries(entries);
}
