import type { SubjectName } from "../../contracts/network/connection.ts";

/**
 * A distinguished name in the form of RFC 2253 (last part first) from Node's form, one part per line. Node has
 * escaped what RFC 2253 wants escaped, and leaves what is not ASCII; Envoy prints that as `\XX` per byte.
 */
export function rfc2253(lines: string): string {
  return lines
    .split("\n")
    .filter((line) => line !== "")
    .reverse()
    .join(",")
    .replace(/[\u{80}-\u{10ffff}]+/gu, escapedBytes);
}

function escapedBytes(text: string): string {
  let bytes = "";
  for (const byte of Buffer.from(text)) bytes += `\\${byte.toString(16).toUpperCase()}`;
  return bytes;
}

/** CN and O of the same form. */
export function parsedSubject(lines: string): SubjectName {
  const parts = lines.split("\n");
  const values = (key: string): string[] =>
    parts.filter((part) => part.startsWith(`${key}=`)).map((part) => part.slice(key.length + 1));
  return { commonName: values("CN")[0] ?? "", organizationNames: values("O") };
}
