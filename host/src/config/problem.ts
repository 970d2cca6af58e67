/** Something wrong (or worth knowing) in the configuration, and where. */
export interface Problem {
  readonly severity: "error" | "warning";
  /** As the user named it; empty when the problem is in no file. */
  readonly file: string;
  /** From 1; 0 when unknown (binary configuration). */
  readonly line: number;
  readonly column: number;
  /** `static_resources.listeners[0].name`; empty at the top. */
  readonly path: string;
  /** What is wrong, and how to mend it. One line. */
  readonly text: string;
}

/** Where a problem is. */
export type Place = Pick<Problem, "file" | "line" | "column" | "path">;

/** A place of which only the file is known. */
export function fileOnly(file: string): Place {
  return { file, line: 0, column: 0, path: "" };
}

/** `envoy.yaml:12:5: static_resources.listeners[0].name: what is wrong`. */
export function formatProblem(problem: Problem): string {
  const position = problem.line === 0 ? "" : `:${problem.line}:${problem.column}`;
  const place = problem.file === "" ? "" : `${problem.file}${position}: `;
  const path = problem.path === "" ? "" : `${problem.path}: `;
  return `${place}${path}${problem.text}`;
}

/** One line for each, in the order of their places. */
export function formatProblems(problems: readonly Problem[]): string {
  return problems.toSorted(byPlace).map(formatProblem).join("\n");
}

function byPlace(a: Problem, b: Problem): number {
  return a.file === b.file ? a.line - b.line || a.column - b.column : 0;
}

/** Problems that are kept of one load; the rest is only counted. */
const problemsMax = 200;

/** Collects the problems of one load. */
export class ProblemList {
  /** In the order in which they were found. */
  readonly errors: Problem[] = [];
  readonly warnings: Problem[] = [];
  #seen = new Set<string>();
  #dropped = 0;

  error(place: Place, text: string): void {
    this.#add(this.errors, { severity: "error", ...place, text });
  }

  warning(place: Place, text: string): void {
    this.#add(this.warnings, { severity: "warning", ...place, text });
  }

  /** The errors in the order of their places; where there are too many, the last one says so. */
  sortedErrors(): Problem[] {
    const sorted = this.errors.toSorted(byPlace);
    if (this.#dropped === 0) return sorted;
    const text = `${this.#dropped} more problems are not shown`;
    return [...sorted, { severity: "error", ...fileOnly(""), text }];
  }

  /** Whether there is an error with something that the place is a part of. */
  hasAround(place: Place): boolean {
    return this.errors.some(
      ({ file, path }) => file === place.file && path !== "" && place.path.startsWith(`${path}.`),
    );
  }

  get failed(): boolean {
    return this.errors.length > 0;
  }

  #add(list: Problem[], problem: Problem): void {
    const key = `${problem.severity} ${formatProblem(problem)}`;
    if (this.#seen.has(key)) return;
    if (list.length >= problemsMax) {
      if (list === this.errors) this.#dropped += 1;
      return;
    }
    this.#seen.add(key);
    list.push(problem);
  }
}
