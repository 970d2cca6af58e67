import { LOG_LEVEL_CRITICAL } from "../../abi/src/numbers/log-level";
import { proxy_log } from "./env";
import { area, areaSize } from "./memory/allocator";
import { encode, roomFor } from "./memory/utf8";

// Works before anything has been made and when nothing more can be: it writes to the fixed area only, which nobody
// reads any more.

const end: usize = area + areaSize;

/**
 * What a failed assertion, an array index out of range or `throw` ends in: one line in the proxy's log, then a trap.
 * Compiled in by `--use abort=…/abort/abort`.
 */
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  let at = append(area, changetype<usize>(message === null ? "abort" : message));
  at = append(at, changetype<usize>(" at "));
  at = append(at, changetype<usize>(file === null ? "?" : file));
  at = appendNumber(at, line);
  at = appendNumber(at, column);
  proxy_log(LOG_LEVEL_CRITICAL, area, <u32>(at - area));
  unreachable();
}

/** Texts that do not fit are left out. */
function append(at: usize, text: usize): usize {
  return at + roomFor(text) + 24 > end ? at : at + encode(text, at);
}

/** A colon and the number. */
function appendNumber(at: usize, value: u32): usize {
  store<u8>(at, 0x3a);
  let digits: usize = 1;
  for (let rest = value; rest >= 10; rest /= 10) digits += 1;
  for (let i = digits; i > 0; i--) {
    store<u8>(at + i, 0x30 + (value % 10));
    value /= 10;
  }
  return at + digits + 1;
}
