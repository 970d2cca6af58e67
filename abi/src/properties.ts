/** Paths and values of `proxy_get_property`. */

/** The parts of a path: joined by zero bytes, a last one may be there. Empty for an empty path. */
export function propertyPath(path: string): string[] {
  if (path === "") return [];
  const end = path.endsWith("\0") ? path.length - 1 : path.length;
  return path.slice(0, end).split("\0");
}

/** A signed or unsigned integer, or nanoseconds of a duration or timestamp: eight bytes, little endian. */
export function encodeInteger(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, BigInt.asIntN(64, value), true);
  return bytes;
}

/** One byte. */
export function encodeBoolean(value: boolean): Uint8Array {
  return Uint8Array.of(value ? 1 : 0);
}

/** Milliseconds, with fractions, as nanoseconds. */
export function nanoseconds(milliseconds: number): bigint {
  return BigInt(Math.round(milliseconds * 1000)) * 1000n;
}
