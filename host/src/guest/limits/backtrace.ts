import { hex } from "@sluice/abi";
import { originalOffset, type OffsetMap } from "./offset-map.ts";

/** Frames that a backtrace shows. */
const framesMax = 20;

/** One frame of guest code. */
export interface GuestFrame {
  /** From the name section; `function[12]` when it has none. */
  readonly name: string;
  /** Index of the function, imports counted. */
  readonly index: number;
  /** Offset in the module as it was given, for `wasm-objdump` or `addr2line`. */
  readonly offset: number;
}

// V8: "at name (wasm://wasm/module-1a2b:wasm-function[12]:0x1f)", or without name and parentheses.
const framePattern =
  /^\s*at (?:(.*) \()?wasm:\/\/wasm\/[^ ]*:wasm-function\[(\d+)\]:0x([0-9a-f]+)\)?$/;

/** The guest's frames of an error that left it, innermost first; at most twenty. */
export function guestFrames(error: unknown, offsets: OffsetMap): GuestFrame[] {
  const stack = error instanceof Error ? error.stack : undefined;
  const frames: GuestFrame[] = [];
  for (const line of stack?.split("\n") ?? []) {
    const match = framePattern.exec(line);
    if (match === null) continue;
    const index = Number(match[2]);
    frames.push({
      name: match[1] ?? `function[${index}]`,
      index,
      offset: originalOffset(offsets, Number.parseInt(match[3]!, 16)),
    });
    if (frames.length === framesMax) break;
  }
  return frames;
}

/** The frames as text: `0: 0x1f - name`. */
export function backtraceLines(frames: readonly GuestFrame[]): string[] {
  return frames.map((frame, i) => `${i}: ${hex(frame.offset)} - ${frame.name}`);
}
