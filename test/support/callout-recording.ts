import { readFileSync } from "node:fs";
import type { GrpcCallSeen } from "./callout-services.ts";

// What services, upstreams and clients have seen, in a form that does not differ from run to run.

/** What differs from run to run has a name in its place. */
export function stableCheck({ request, metadata }: GrpcCallSeen): unknown {
  const text = JSON.stringify(request, (key, value: unknown) => {
    if (key === "headers" && Array.isArray(value)) return value.map(stableHeader);
    if (isObject(value)) return Object.fromEntries(Object.entries(value).toSorted(byName));
    if (key === "portValue") return 0;
    if (key === "time") return "TIME";
    if (key === "id" && typeof value === "string") return /^\d+$/.test(value) ? "ID" : value;
    return value;
  });
  const head = Object.entries(metadata.getMap())
    .filter(([name]) => name !== "user-agent")
    .map(([name, value]) => `${name}: ${stableText(String(value))}`)
    .toSorted();
  return { head, ...(JSON.parse(stableText(text)) as object) };
}

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const byName = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : 1);

/** Of raw headers, whose values are bytes. */
function stableHeader({ key, rawValue }: { key: string; rawValue: string }): object {
  return { key, rawValue: key === "x-request-id" ? "UUID" : rawValue };
}

function stableText(text: string): string {
  return text
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "UUID")
    .replaceAll(/((?:^|,)\d+\.\d+\.\d+\.\d+):\d+/g, "$1:PORT");
}

/** Head and body line by line, without what tells the time. */
export function stableHead(text: string): string[] {
  const [head, ...body] = text.split("\r\n\r\n");
  const lines = head!
    .split("\r\n")
    .filter(
      (line) => !/^(date|x-envoy-upstream-service-time|x-envoy-expected-rq-timeout-ms):/.test(line),
    )
    .map((line) => stableText(line).replace(/^(x-forwarded-for: ).*/, "$1IP"));
  const rest = body.join("\r\n\r\n");
  // The order of headers of one name counts, that of names does not: Envoy makes checks of maps.
  const sorted = lines.slice(1).toSorted((a, b) => (nameOfLine(a) < nameOfLine(b) ? -1 : 1));
  return [lines[0]!, ...sorted, ...(rest === "" ? [] : ["", rest])];
}

const nameOfLine = (line: string): string => line.slice(0, line.indexOf(":"));

export function stableLog(line: string): string {
  const [, start, metadata] = /^(.*?)(\{.*\}|-)$/.exec(line)!;
  if (metadata === "-") return line;
  const values = JSON.parse(metadata!) as { [key: string]: unknown };
  if ("ext_authz_duration" in values) values["ext_authz_duration"] = "MS";
  return start! + JSON.stringify(Object.fromEntries(Object.entries(values).toSorted(byName)));
}

/** The lines of the access log, as soon as there are so many. */
export async function logged(file: string, count: number): Promise<string[]> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const lines = readLog(file);
    if (lines.length >= count) return lines;
    if (performance.now() > deadline) throw new Error(`the log has ${lines.length} lines`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function readLog(file: string): string[] {
  try {
    return readFileSync(file, "utf8").split("\n").slice(0, -1);
  } catch {
    return [];
  }
}

/** Envoy would keep the log's lines for ten seconds. */
export function flushArguments(): string[] {
  const flush = ["--file-flush-interval-msec", "5"];
  const isEnvoy = process.env["SLUICE_UNDER_TEST"] !== undefined;
  return ["--concurrency", "1", ...(isEnvoy ? flush : [])];
}

/**
 * Counters that have counted, of each of `names`: those of its connection manager and of its cluster (`up-<name>`, shown
 * as `up`).
 */
export function countersByName(
  all: ReadonlyMap<string, number>,
  names: readonly string[],
): Map<string, { [name: string]: number }> {
  const counters = new Map(names.map((name): [string, { [name: string]: number }] => [name, {}]));
  for (const [stat, value] of [...all].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const [, kind, name, rest] = /^(http|cluster)\.(?:up-)?([^.]+)\.(.*)$/.exec(stat) ?? [];
    const found = counters.get(name ?? "");
    if (found === undefined || value === 0) continue;
    found[kind === "http" ? `http.${rest}` : `cluster.up.${rest}`] = value;
  }
  return counters;
}

export function moved(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): { [name: string]: number } {
  const changes: { [name: string]: number } = {};
  for (const [name, value] of [...after].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const change = value - (before.get(name) ?? 0);
    if (change !== 0) changes[name] = change;
  }
  return changes;
}
