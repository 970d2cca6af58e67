import { styleText } from "node:util";
import type { CallTotals } from "../../guest/watch/guest-trace.ts";
import {
  headerChanges,
  type HeaderList,
  type MessageChange,
  messageTitle,
} from "../../guest/watch/message-change.ts";
import { microseconds, oneLine } from "../../guest/watch/trace-text.ts";

/** One request as a filter saw it. */
export interface SeenRequest {
  readonly filter: string;
  /** Calls of the filter, as traces show them. */
  readonly lines: readonly string[];
  readonly changes: readonly MessageChange[];
  readonly totals: CallTotals;
}

/** How much of it is shown. */
export interface RequestTextOptions {
  readonly calls: boolean;
  readonly headers: boolean;
}

/**
 * `GET /path -> 200  hello: 2 callbacks, 5 host calls, 58us, of that 20us in host calls`, below it what is different
 * behind the filter: `+` added, `-` removed, `~` changed.
 */
export function requestText(seen: SeenRequest, options: RequestTextOptions): string {
  const lines = [titleOf(seen)];
  if (options.calls) lines.push(...seen.lines.map((line) => `    ${dim(line)}`));
  else lines.push(...callsOf(seen.lines, seen.totals));
  for (const change of seen.changes) lines.push(...changeLines(change, seen.changes, options));
  return `${lines.join("\n")}\n`;
}

/** `connection  lines: 3 callbacks, …`, and its calls. */
export function connectionText(
  { filter, lines, totals }: SeenRequest,
  options: RequestTextOptions,
): string {
  const title = `${styleText("bold", "connection")}  ${filter}: ${workOf(totals)}`;
  const calls = options.calls ? lines.map((line) => `    ${dim(line)}`) : callsOf(lines, totals);
  return `${[title, ...calls].join("\n")}\n`;
}

function titleOf({ filter, changes, totals }: SeenRequest): string {
  const request = changes.find(({ direction }) => direction === "request");
  const response = changes.find(({ direction }) => direction === "response");
  // The client's side of the filter.
  const title = messageTitle(request?.front.headers ?? []);
  const status = messageTitle(response?.back.headers ?? [[":status", "no answer"]]);
  return `${styleText("bold", `${oneLine(title)} -> ${status}`)}  ${filter}: ${workOf(totals)}`;
}

function workOf({ callbacks, hostCalls, selfMs, hostCallMs }: CallTotals): string {
  if (callbacks === 0) return "not entered";
  return `${count(callbacks, "callback")}, ${count(hostCalls, "host call")}, ${microseconds(selfMs + hostCallMs)}`;
}

function callsOf(lines: readonly string[], { hostCalls }: CallTotals): string[] {
  return hostCalls === 0 ? [] : [`    ${dim(callCounts(lines))}`];
}

function changeLines(
  change: MessageChange,
  all: readonly MessageChange[],
  { headers }: RequestTextOptions,
): string[] {
  const { direction, front, back } = change;
  const title = `  ${direction.padEnd(10)}`;
  const lines: string[] = [];
  const frontHeaders = front.headers ?? [];
  if (back.headers === undefined) {
    const answered = all.some((other) => other.direction === "response");
    lines.push(answered ? "not passed on: the filter has answered" : "not passed on");
  } else {
    if (headers) lines.push(...unchangedLines(frontHeaders, back.headers));
    lines.push(...differenceLines(frontHeaders, back.headers));
    lines.push(...differenceLines(front.trailers ?? [], back.trailers ?? [], "trailer "));
    lines.push(...bodyLines(front.bodyBytes, back.bodyBytes));
  }
  if (lines.length === 0) lines.push(dim("not changed"));
  return lines.map((line, i) => `${i === 0 ? title : " ".repeat(title.length)}${line}`);
}

function differenceLines(from: HeaderList, to: HeaderList, what = ""): string[] {
  return headerChanges(from, to).map((change) => {
    const { name } = change;
    const [before, after] = [change.from, change.to].map((values) => oneLine(values.join(", ")));
    if (change.from.length === 0) return styleText("green", `+ ${what}${name}: ${after}`);
    if (change.to.length === 0) return styleText("red", `- ${what}${name}: ${before}`);
    return styleText("yellow", `~ ${what}${name}: ${before} -> ${after}`);
  });
}

function unchangedLines(from: HeaderList, to: HeaderList): string[] {
  const changed = new Set(headerChanges(from, to).map(({ name }) => name));
  return to
    .filter(([name]) => !changed.has(name))
    .map(([name, value]) => dim(`  ${name}: ${oneLine(value)}`));
}

function bodyLines(from: number, to: number): string[] {
  if (from === to) return from === 0 ? [] : [dim(`  body ${from} bytes`)];
  return [styleText("yellow", `~ body ${from} -> ${to} bytes`)];
}

/** How often each host call was made: `proxy_log 2, HeaderMap:get 1`. */
function callCounts(lines: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const line of lines) {
    const name = /^ +([\w:]+)\(/.exec(line)?.[1];
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].map(([name, times]) => (times === 1 ? name : `${name} x${times}`)).join(", ");
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

function dim(text: string): string {
  return styleText("dim", text);
}
