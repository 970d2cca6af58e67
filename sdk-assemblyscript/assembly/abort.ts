import { LOG_LEVEL_CRITICAL } from "../../abi/src/numbers/log-level";
import { proxy_log } from "./env";

/**
 * What a failed assertion, an array index out of range or `throw` ends in: one line in the proxy's log, then a trap.
 * Compiled in by `--use abort=…/abort/abort`.
 */
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  const what = message === null ? "abort" : message;
  const where = file === null ? "?" : file;
  const place = line.toString() + ":" + column.toString();
  // Nothing of the SDK's that is made at start: the allocator, which makes it, comes here as well.
  const text = what + " at " + where + ":" + place;
  const size = String.UTF8.byteLength(text);
  const pointer = heap.alloc(size);
  String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, pointer);
  proxy_log(LOG_LEVEL_CRITICAL, pointer, <u32>size);
  unreachable();
}
