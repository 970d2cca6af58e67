/** Resolves true when `promise` does, false when `ms` have passed first. Rejects when `promise` does in time. */
export function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms, false);
    promise
      .then(
        () => resolve(true),
        (error: unknown) => reject(error),
      )
      .finally(() => clearTimeout(timer));
  });
}
