/**
 * Whether two pieces of plain data (as structured clone delivers them) say the same. Objects that are not plain,
 * such as a `WebAssembly.Module`, are only equal to themselves: nothing can be said about their content.
 */
export function plainEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (ArrayBuffer.isView(a) && ArrayBuffer.isView(b)) return bytesOf(a).equals(bytesOf(b));
  if (Array.isArray(a) && Array.isArray(b)) return arraysEqual(a, b);
  if (a instanceof Map && b instanceof Map) return arraysEqual([...a], [...b]);
  if (a instanceof Set && b instanceof Set) return arraysEqual([...a], [...b]);
  return isPlainObject(a) && isPlainObject(b) && objectsEqual(a, b);
}

function arraysEqual(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((value, i) => plainEqual(value, b[i]));
}

type PlainObject = { readonly [key: string]: unknown };

function objectsEqual(a: PlainObject, b: PlainObject): boolean {
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && plainEqual(a[key], b[key]))
  );
}

function isPlainObject(value: object): value is PlainObject {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function bytesOf(view: ArrayBufferView): Buffer {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}
