/** The bytes of an IP address in canonical text, 4 or 16 of them. */
export function ipBytes(ip: string, family: 4 | 6): Uint8Array {
  if (family === 4) return Uint8Array.from(ip.split("."), Number);
  const [head = "", tail] = ip.split("::");
  const front = groups(head);
  const back = tail === undefined ? [] : groups(tail);
  const bytes = new Uint8Array(16);
  front.forEach((group, i) => putGroup(bytes, i * 2, group));
  back.forEach((group, i) => putGroup(bytes, 16 - (back.length - i) * 2, group));
  return bytes;
}

function groups(text: string): number[] {
  return text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
}

function putGroup(bytes: Uint8Array, at: number, group: number): void {
  bytes[at] = group >> 8;
  bytes[at + 1] = group & 255;
}
