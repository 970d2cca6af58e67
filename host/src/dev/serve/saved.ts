import { statSync } from "node:fs";

/** Milliseconds since the file was saved. */
export function sinceSaved(file: string): number {
  const { mtimeMs } = statSync(file, { throwIfNoEntry: false }) ?? { mtimeMs: 0 };
  return Math.round(performance.timeOrigin + performance.now() - mtimeMs);
}
