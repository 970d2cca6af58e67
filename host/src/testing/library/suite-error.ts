/** A suite, or a filter of it, cannot be read or loaded. */
export class SuiteError extends Error {
  override readonly name = "SuiteError";
  /** One line for each thing that is wrong, with its place. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}
