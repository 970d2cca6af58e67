import { headerName, wellKnownCount } from "../../../../common/headers/header-id.ts";
import { staticCount, staticFields } from "./static-table.ts";

/** What is done with a field that no table holds (RFC 7541 section 6.2). */
export const Indexing = {
  /** Goes into the dynamic table. */
  Incremental: 0x40,
  /** Changes with nearly every message: would only push out others. */
  Without: 0x00,
  /** A secret: no hop may put it into a table. */
  Never: 0x10,
} as const;
export type Indexing = (typeof Indexing)[keyof typeof Indexing];

/** What the encoder knows of a name beforehand. */
export interface NameInfo {
  /** The first index of the name in the static table; 0 when it is not there. */
  readonly staticIndex: number;
  /** Values of the static table, the first at `staticIndex`; empty ones do not count. */
  readonly staticValues: readonly string[];
  readonly indexing: Indexing;
}

const changing = new Set([
  ":path",
  "age",
  "content-length",
  "content-range",
  "etag",
  "grpc-message",
  "grpc-timeout",
  "if-modified-since",
  "if-none-match",
  "last-modified",
  "location",
  "set-cookie",
  "traceparent",
  "x-b3-spanid",
  "x-b3-traceid",
  "x-request-id",
]);
const secret = new Set(["authorization", "proxy-authorization"]);

function indexingOf(name: string): Indexing {
  if (secret.has(name)) return Indexing.Never;
  return changing.has(name) ? Indexing.Without : Indexing.Incremental;
}

function infoOf(name: string): NameInfo {
  let staticIndex = 0;
  const staticValues: string[] = [];
  for (let index = 1; index <= staticCount; index += 1) {
    const field = staticFields[index]!;
    if (field.name.text !== name) continue;
    if (staticIndex === 0) staticIndex = index;
    if (field.value !== "") staticValues.push(field.value);
  }
  return { staticIndex, staticValues, indexing: indexingOf(name) };
}

const unknown: NameInfo = infoOf("");
const byName = new Map<string, NameInfo>();
for (let index = 1; index <= staticCount; index += 1) {
  const name = staticFields[index]!.name.text;
  byName.set(name, infoOf(name));
}
for (const name of [...changing, ...secret]) byName.set(name, infoOf(name));

/** By well-known number. */
export const infoById: readonly NameInfo[] = Array.from({ length: wellKnownCount }, (_, id) =>
  id === 0 ? unknown : (byName.get(headerName(id)) ?? infoOf(headerName(id))),
);

/** For names that have no number. */
export function infoByName(name: string): NameInfo {
  return byName.get(name) ?? unknown;
}
