import { setFlagsFromString } from "node:v8";
import type { Result } from "../contracts/result.ts";

/** V8's flag for an expression that must run in linear time; other engines do not know it. */
const linear = "l";

let enabled = false;

/**
 * A regular expression that cannot backtrack: V8 runs it in time linear to the text, and refuses what it cannot
 * run so: look-around and back-references, which RE2 does not have either, and flags such as `(?i)`. The error
 * says what is wrong.
 */
export function linearRegExp(pattern: string): Result<RegExp, string> {
  if (!enabled) setFlagsFromString("--enable-experimental-regexp-engine");
  enabled = true;
  try {
    return { ok: true, value: new RegExp(pattern, linear) };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { ok: false, error: text.replace(/^Invalid regular expression: /, "") };
  }
}
