/** For the `default` of an exhaustive switch: a new member of the set fails to compile there. */
export function unreachable(value: never): never {
  throw new Error(`unexpected value ${String(value)}`);
}
