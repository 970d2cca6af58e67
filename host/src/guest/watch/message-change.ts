import type { Redactor } from "./redactor.ts";
import { quoted } from "./trace-text.ts";

/** Names and values in order; bytes, one per character. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/** A request or response in front of a guest and behind it: plain data. */
export interface MessageChange {
  readonly direction: "request" | "response";
  readonly front: MessageState;
  /** Without headers: the guest has let nothing through, or has answered itself. */
  readonly back: MessageState;
}

/** What went by at one place. */
export interface MessageState {
  readonly headers: HeaderList | undefined;
  readonly trailers: HeaderList | undefined;
  readonly bodyBytes: number;
}

/** What happened to a header: the values of one name. None in front: added; none behind: removed. */
export interface HeaderChange {
  readonly name: string;
  readonly from: readonly string[];
  readonly to: readonly string[];
}

/** In the order of the names, those that are new at the end. */
export function headerChanges(from: HeaderList, to: HeaderList): HeaderChange[] {
  const names = new Set([...from, ...to].map(([name]) => name));
  const valuesOf = (list: HeaderList, wanted: string): string[] =>
    list.filter(([name]) => name === wanted).map(([, value]) => value);
  return [...names]
    .map((name) => ({ name, from: valuesOf(from, name), to: valuesOf(to, name) }))
    .filter((it) => it.from.length !== it.to.length || it.from.some((v, i) => v !== it.to[i]));
}

/** The change without secrets. */
export function redactChange(change: MessageChange, redactor: Redactor): MessageChange {
  const clean = ({ headers, trailers, bodyBytes }: MessageState): MessageState => ({
    headers: headers?.map(([name, value]) => [name, redactor.value(name, value)]),
    trailers: trailers?.map(([name, value]) => [name, redactor.value(name, value)]),
    bodyBytes,
  });
  return { ...change, front: clean(change.front), back: clean(change.back) };
}

/** On one line: `request GET /a: x-copy added "b"; :path "/a" -> "/b"; body 3 -> 5 bytes`. */
export function changeText(change: MessageChange, textMax: number): string {
  const { direction, front, back } = change;
  const title = `${direction} ${messageTitle(front.headers ?? [], textMax)}`;
  if (back.headers === undefined) return `${title}: not passed on`;
  const parts = headerChanges(front.headers ?? [], back.headers).map((it) => partText(it, textMax));
  const trailers = headerChanges(front.trailers ?? [], back.trailers ?? []);
  parts.push(...trailers.map((it) => `trailer ${partText(it, textMax)}`));
  if (front.bodyBytes !== back.bodyBytes) {
    parts.push(`body ${front.bodyBytes} -> ${back.bodyBytes} bytes`);
  }
  return `${title}: ${parts.length === 0 ? "not changed" : parts.join("; ")}`;
}

/** `GET /path`, or the status. */
export function messageTitle(headers: HeaderList, textMax = Infinity): string {
  const find = (wanted: string): string => headers.find(([name]) => name === wanted)?.[1] ?? "";
  const status = find(":status");
  if (status !== "") return status;
  return `${find(":method")} ${quoted(find(":path"), textMax).slice(1, -1)}`;
}

function partText({ name, from, to }: HeaderChange, textMax: number): string {
  const text = (values: readonly string[]): string =>
    values.map((value) => quoted(value, textMax)).join(", ");
  if (from.length === 0) return `${name} added ${text(to)}`;
  return to.length === 0 ? `${name} removed` : `${name} ${text(from)} -> ${text(to)}`;
}
