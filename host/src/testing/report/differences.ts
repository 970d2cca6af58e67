import type { JsonValue } from "../suite/suite.ts";

/** Where two values are not the same. `undefined`: it is not there. */
export interface Difference {
  readonly path: string;
  readonly left: JsonValue | undefined;
  readonly right: JsonValue | undefined;
}

/** The smallest parts that differ. */
export function differences(
  left: JsonValue | undefined,
  right: JsonValue | undefined,
  path = "",
): Difference[] {
  if (isList(left) && isList(right)) {
    const length = Math.max(left.length, right.length);
    return Array.from({ length }, (_, i) => differences(left[i], right[i], `${path}[${i}]`)).flat();
  }
  if (isGroup(left) && isGroup(right)) {
    const names = [...new Set([...Object.keys(left), ...Object.keys(right)])];
    return names.flatMap((name) =>
      differences(left[name], right[name], path === "" ? name : `${path}.${name}`),
    );
  }
  return left === right ? [] : [{ path, left, right }];
}

/** A side of a difference, on one line. */
export function sideText(value: JsonValue | undefined): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}

function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function isGroup(value: JsonValue | undefined): value is { readonly [name: string]: JsonValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
