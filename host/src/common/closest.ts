/** Nobody mistypes longer words; comparing takes time with the product of the lengths. */
const wordMax = 64;

/**
 * The one of `candidates` that looks most like a mistyping of `word`; undefined when none is near (more than a
 * third of the letters would change, or more than `most`), or `word` is very long.
 */
export function closest(
  word: string,
  candidates: Iterable<string>,
  most = Infinity,
): string | undefined {
  if (word.length > wordMax) return undefined;
  let best: string | undefined;
  let bestDistance = Math.min(Math.floor(Math.max(word.length, 3) / 3), most) + 1;
  for (const candidate of candidates) {
    if (candidate.length > 2 * wordMax) continue;
    const distance = editDistance(word, candidate);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
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
