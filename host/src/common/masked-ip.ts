import { canonicalIp } from "./address.ts";

/** A canonical address with only its first `bits` bits, in canonical text. */
export function maskedIp(ip: string, family: 4 | 6, bits: number): string {
  if (family === 4) {
    const masked = ip.split(".").map((part, i) => Number(part) & byteMask(bits - i * 8));
    return masked.join(".");
  }
  const groups = expanded(ip).map((group, i) => {
    const left = bits - i * 16;
    return ((group >> 8) & byteMask(left)) * 256 + (group & byteMask(left - 8));
  });
  const text = groups.map((group) => group.toString(16)).join(":");
  return canonicalIp(text)?.ip ?? text;
}

/** The byte whose first `bits` bits are set; more than 8 are 8, less than none are none. */
function byteMask(bits: number): number {
  return (0xff00 >> Math.min(Math.max(bits, 0), 8)) & 0xff;
}

/** The eight groups of an IPv6 address. */
function expanded(ip: string): number[] {
  const [head = "", tail] = ip.split("::");
  const groups = (text: string): number[] =>
    text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
  const front = groups(head);
  if (tail === undefined) return front;
  const back = groups(tail);
  return [...front, ...Array.from({ length: 8 - front.length - back.length }, () => 0), ...back];
}
