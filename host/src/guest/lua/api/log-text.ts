import { cutMark, shownTextMax } from "../engine/shown-text.ts";

/** Bytes of a script as text for the log: UTF-8, as editors write it; what is none is shown as U+FFFD. */
export function logText(bytes: string): string {
  if (bytes.length > shownTextMax + cutMark.length) {
    return logText(bytes.slice(0, shownTextMax)) + cutMark;
  }
  // oxlint-disable-next-line no-control-regex -- what is ASCII is the same either way
  return /^[\x00-\x7f]*$/.test(bytes) ? bytes : Buffer.from(bytes, "latin1").toString();
}
