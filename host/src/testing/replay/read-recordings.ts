import { readFileSync } from "node:fs";
import type { Recording } from "../../guest/watch/recording.ts";

/** The recordings of a file, a line of JSON each; or what is wrong with it. */
export function readRecordings(file: string): readonly Recording[] | string {
  const text = readFileSync(file, "utf8");
  const recordings: Recording[] = [];
  for (const [i, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const recording = parsed(line);
    if (recording === undefined) {
      return `${file}:${i + 1}: this is no recording; sluice record makes them`;
    }
    recordings.push(recording);
  }
  if (recordings.length > 0) return recordings;
  return `${file}: there is no recording in it; sluice record makes them`;
}

function parsed(line: string): Recording | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isRecording(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

type Unknown<T> = { readonly [name in keyof T]?: unknown };

function isRecording(value: unknown): value is Recording {
  const { sluiceRecording, plugin, callbacks, begun, redacted } = (value ??
    {}) as Unknown<Recording>;
  if (sluiceRecording !== 1 || typeof begun !== "string" || !Array.isArray(redacted)) return false;
  return isPlugin(plugin) && Array.isArray(callbacks) && callbacks.every(isCallback);
}

function isPlugin(value: unknown): boolean {
  const plugin = (value ?? {}) as Unknown<Recording["plugin"]>;
  const { name, rootId, vmId, sha256, configuration, vmConfiguration } = plugin;
  const texts = [name, rootId, vmId, sha256, configuration, vmConfiguration];
  return texts.every((each) => typeof each === "string") && Array.isArray(plugin.environment);
}

function isCallback(value: unknown): boolean {
  const { name, args, calls } = (value ?? {}) as Unknown<Recording["callbacks"][number]>;
  return (
    typeof name === "string" && Array.isArray(args) && Array.isArray(calls) && calls.every(isCall)
  );
}

function isCall(value: unknown): boolean {
  const { name, inputs, outputs } = (value ?? {}) as Unknown<
    Recording["callbacks"][number]["calls"][number]
  >;
  return typeof name === "string" && Array.isArray(inputs) && Array.isArray(outputs);
}
