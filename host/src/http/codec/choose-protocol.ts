import type { DataBuffer } from "../../contracts/buffer.ts";
import { clientPreface } from "./http2/frame.ts";

const preface = Buffer.from(clientPreface, "latin1");

/** What a connection speaks, as far as its first bytes tell (RFC 9113 section 3.4). */
export function chooseProtocol(data: DataBuffer): "HTTP1" | "HTTP2" | "UNDECIDED" {
  const length = Math.min(data.length, preface.length);
  // Nearly always the first byte says it.
  if (data.at(0) !== preface[0]) return "HTTP1";
  if (data.slice(0, length).compare(preface, 0, length) !== 0) return "HTTP1";
  return length === preface.length ? "HTTP2" : "UNDECIDED";
}
