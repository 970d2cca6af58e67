import { isDeepStrictEqual } from "node:util";
import type { L4Case } from "./cases.ts";
import type { Seen } from "./peer.ts";

/** What Envoy did, by case: one entry for each connection. */
export interface Outcomes {
  readonly envoy: string;
  readonly cases: { [name: string]: readonly Seen[] };
  /** Lines of the listener's access log. */
  readonly access: { [name: string]: readonly string[] };
}

/** Where two runs of a case differ and the case does not say why, in words. */
export function unexplained(
  each: L4Case,
  theirs: readonly Seen[],
  ours: readonly Seen[],
): string[] {
  const known = each.differs?.in ?? [];
  const differences: string[] = [];
  for (const [index, seen] of theirs.entries()) {
    for (const key of ["client", "upstream", "log"] as const) {
      const other = ours[index]?.[key];
      if (known.includes(key) || isDeepStrictEqual(seen[key], other)) continue;
      const where = `connection ${index + 1}, ${key}`;
      differences.push(`${where}: ${JSON.stringify(seen[key])}, here ${JSON.stringify(other)}`);
    }
  }
  return differences;
}

/** The same for the lines of the access log. */
export function unexplainedLines(
  each: L4Case,
  theirs: readonly string[] | undefined,
  ours: readonly string[] | undefined,
): string[] {
  if (each.differs?.in.includes("access") === true || isDeepStrictEqual(theirs, ours)) return [];
  return [`${each.name}, access log: ${JSON.stringify(theirs)}, here ${JSON.stringify(ours)}`];
}
