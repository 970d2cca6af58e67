import type { Writable } from "node:stream";
import type { HeaderList } from "../suite/suite.ts";

/** Headers that say how long a body is. */
const framing = new Set(["content-length", "transfer-encoding"]);

/** How long a body is: a number of bytes, in chunks, or that there is none. */
export type BodyLength = number | "chunks" | "none";

/** The first lines; a framing is added where the headers have none. Gives whether the body goes in chunks. */
export function writeHead(
  out: Writable,
  start: string,
  headers: HeaderList,
  length: BodyLength,
): boolean {
  const given = headers.find(([name]) => framing.has(name));
  const chunked = given === undefined ? length === "chunks" : given[0] === "transfer-encoding";
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`);
  if (given === undefined && chunked) lines.push("transfer-encoding: chunked\r\n");
  if (given === undefined && typeof length === "number") {
    lines.push(`content-length: ${length}\r\n`);
  }
  // Values are text: a character beyond ASCII goes as UTF-8.
  out.write(`${start}\r\n${lines.join("")}\r\n`);
  return chunked;
}

export function writeData(out: Writable, data: Buffer, chunked: boolean): void {
  if (!chunked) {
    out.write(data);
    return;
  }
  const size = Buffer.from(`${data.length.toString(16)}\r\n`);
  out.write(Buffer.concat([size, data, Buffer.from("\r\n")]));
}

export function writeEnd(out: Writable, trailers: HeaderList | undefined, chunked: boolean): void {
  if (!chunked) return;
  const lines = (trailers ?? []).map(([name, value]) => `${name}: ${value}\r\n`);
  out.write(`0\r\n${lines.join("")}\r\n`);
}
