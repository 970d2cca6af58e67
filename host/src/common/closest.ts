/** Nobody mistypes more in one place; comparing takes time with the product of the lengths. */
const differenceMax = 64;

/**
 * The one of `candidates` that looks most like a mistyping of `word`; undefined when none is near (more than a
 * third of the letters would change, or more than `most`). What is equal at both ends costs next to nothing, what differs
 * over a long way is not looked at.
 */
export function closest(
  word: string,
  candidates: Iterable<string>,
  most = Infinity,
): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.min(Math.floor(Math.max(word.length, 3) / 3), most) + 1;
  for (const candidate of candidates) {
    const [one, other] = differing(word, candidate);
    if (one.length > differenceMax || other.length > 2 * differenceMax) continue;
    const distance = editDistance(one, other);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Both without what they begin and end with alike. */
function differing(a: string, b: string): [string, string] {
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < shorter - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  return [a.slice(start, a.length - end), b.slice(start, b.length - end)];
}

/** Insertions, deletions, replacements and swaps of neighbours that lead from `a` to `b`. */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = rows[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
          ? rows[i - 2]![j - 2]! + 1
          : Infinity;
      row.push(Math.min(replaced, swapped, rows[i - 1]![j]! + 1, row[j - 1]! + 1));
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}
