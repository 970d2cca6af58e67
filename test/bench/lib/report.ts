/** Collects the lines of a run; prints each at once. */
export class Report {
  #problems = 0;

  section(title: string): void {
    console.log(`\n${title}`);
  }

  row(name: string, value: string): void {
    console.log(`  ${name.padEnd(52)} ${value}`);
  }

  problem(text: string): void {
    this.#problems += 1;
    console.log(`  PROBLEM: ${text}`);
  }

  /** 0 when nothing went wrong; targets that are missed do not count, they are printed. */
  get exitCode(): number {
    return this.#problems === 0 ? 0 : 1;
  }
}

/** `a / b` with two digits, or what is missing. */
export function ratio(a: number | undefined, b: number | undefined): string {
  if (a === undefined || b === undefined || b === 0) return "peer not found";
  return (a / b).toFixed(2);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
