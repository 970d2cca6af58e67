/** Said when something new cannot run. */
export const oldOneStays = "The filter that runs stays.";

const mends: readonly (readonly [RegExp, string])[] = [
  [
    /proxy_on_configure returned false/,
    "It does not take its configuration: what it logs says why. Another one: --configuration <text>.",
  ],
  [/over its CPU limit/, "It does not come to an end while it starts: look for a loop."],
  [
    /failed: .*RuntimeError/,
    "It trapped while it started, in the functions above, the innermost first.",
  ],
];

/** What may help, on a line of its own; empty: nothing is known. */
export function mendFor(reason: string): string {
  const mend = mends.find(([pattern]) => pattern.test(reason))?.[1];
  return mend === undefined ? "" : `\n    ${mend}`;
}
