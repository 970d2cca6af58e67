const patienceMs = 60_000;
const pauseMs = 5;

/** Resolves when `condition` holds; rejects, with `what` was waited for, when it does not come about. */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  what: string,
): Promise<void> {
  const limit = performance.now() + patienceMs;
  while (!(await condition())) {
    if (performance.now() > limit) throw new Error(`still not: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
