import type { JsonValue } from "../../contracts/stream-info.ts";
import type { GuestReport } from "../../guest/watch/guest-report.ts";

/** What one worker told of its guests, or why it told nothing. */
export interface WorkerGuests {
  /** `worker_0` … */
  readonly worker: string;
  readonly report: GuestReport | undefined;
  /** Empty when there is a report. */
  readonly problem: string;
}

/** One thing of several workers: in the order in which they were first seen. */
export function byKey<T>(
  guests: readonly WorkerGuests[],
  entries: (report: GuestReport) => readonly T[],
  keyOf: (entry: T) => string,
): (readonly (readonly [worker: string, entry: T])[])[] {
  const groups = new Map<string, (readonly [string, T])[]>();
  for (const { worker, report } of guests) {
    if (report === undefined) continue;
    for (const entry of entries(report)) {
      const key = keyOf(entry);
      const group = groups.get(key) ?? [];
      group.push([worker, entry]);
      groups.set(key, group);
    }
  }
  return [...groups.values()];
}

/** What happened on all workers, latest first. */
export function latestFirst<T extends { readonly timeMs: number }>(
  guests: readonly WorkerGuests[],
  entries: (report: GuestReport) => readonly T[],
): (readonly [worker: string, entry: T])[] {
  const all = guests.flatMap(({ worker, report }) =>
    report === undefined ? [] : entries(report).map((entry) => [worker, entry] as const),
  );
  return all.sort(([, one], [, other]) => other.timeMs - one.timeMs);
}

/** Lines for the workers that told nothing. */
export function problemLines(guests: readonly WorkerGuests[]): string {
  return guests
    .filter(({ problem }) => problem !== "")
    .map(({ worker, problem }) => `${worker}: ${problem}\n`)
    .join("");
}

/** ISO 8601, UTC. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

/** `1.5 MiB` */
export function sizeText(bytes: number): string {
  const mib = bytes / 1_048_576;
  return mib < 1 ? `${Math.round(bytes / 1024)} KiB` : `${mib.toFixed(1)} MiB`;
}

/** `text` with each line further to the right. */
export function indented(text: string, by: string): string {
  return text
    .split("\n")
    .map((line) => by + line)
    .join("\n");
}

/** For the end of a page in JSON: the workers that told nothing. */
export function problemsJson(guests: readonly WorkerGuests[]): { [key: string]: JsonValue } {
  const problems = guests.filter(({ problem }) => problem !== "");
  if (problems.length === 0) return {};
  return { problems: problems.map(({ worker, problem }) => ({ worker, problem })) };
}
