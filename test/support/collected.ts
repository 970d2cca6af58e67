import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void;

/** Collects all garbage, also what finalisers let go of. */
export async function collectGarbage(): Promise<void> {
  for (let i = 0; i < 3; i += 1) {
    gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Bytes that the process has in memory, garbage collected before. */
export async function residentBytes(): Promise<number> {
  await collectGarbage();
  return process.memoryUsage.rss();
}
