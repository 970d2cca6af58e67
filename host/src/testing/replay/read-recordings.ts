import { readFileSync } from "node:fs";
import type { Recording } from "../../guest/watch/recording.ts";

/** The recordings of a file, a line of JSON each; or what is wrong with it. */
export function readRecordings(file: string): readonly Recording[] | string {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const recordings: Recording[] = [];
  for (const [i, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const recording = parsed(line);
    if (recording === undefined) {
      return `${file}:${i + 1}: this is no recording; sluice record makes them`;
    }
    recordings.push(recording);
  }
  return recordings.length === 0 ? `${file}: there is no recording in it` : recordings;
}

function parsed(line: string): Recording | undefined {
  try {
    const value = JSON.parse(line) as Partial<Recording> | null;
    const isRecording =
      value?.sluiceRecording === 1 && value.plugin !== undefined && Array.isArray(value.callbacks);
    return isRecording ? (value as Recording) : undefined;
  } catch {
    return undefined;
  }
}
