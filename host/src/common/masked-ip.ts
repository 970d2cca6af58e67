import { canonicalIp } from "./address.ts";
import { ipBytes } from "./ip-bytes.ts";

/** A canonical address with only its first `bits` bits, in canonical text. More bits than it has are all. */
export function maskedIp(ip: string, family: 4 | 6, bits: number): string {
  const bytes = ipBytes(ip, family);
  for (let bit = bits; bit < bytes.length * 8; bit += 1) {
    bytes[bit >> 3]! &= ~(0x80 >> (bit & 7));
  }
  if (family === 4) return bytes.join(".");
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(((bytes[i]! << 8) | bytes[i + 1]!).toString(16));
  const text = groups.join(":");
  const canonical = canonicalIp(text);
  // A range inside ::ffff:0:0/96 must not turn into an IPv4 one.
  return canonical?.family === 6 ? canonical.ip : text;
}
