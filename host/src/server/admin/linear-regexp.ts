import { setFlagsFromString } from "node:v8";
import type { Result } from "../../contracts/result.ts";

let enabled = false;

/**
 * A regular expression that cannot backtrack: V8 runs it in time linear to the text, and refuses what it cannot
 * run so (look-around, back-references), which RE2 does not have either. `(?i)`, `(?s)` and the like may stand
 * at the beginning. The error says what is wrong.
 */
export function linearRegExp(pattern: string): Result<RegExp, string> {
  if (!enabled) setFlagsFromString("--enable-experimental-regexp-engine");
  enabled = true;
  const [prefix = "", letters = ""] = /^\(\?([ism]+)\)/.exec(pattern) ?? [];
  try {
    return { ok: true, value: new RegExp(pattern.slice(prefix.length), `${letters}l`) };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { ok: false, error: text.replace(/^Invalid regular expression: /, "") };
  }
}
