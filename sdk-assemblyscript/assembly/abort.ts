import { LOG_LEVEL_CRITICAL } from "../../abi/src/numbers/log-level";
import { proxy_log } from "./env";
import { EncodedText, firstArgument } from "./memory/text";

/**
 * What a failed assertion, an array index out of range or `throw` ends in: one line in the proxy's log, then a trap.
 * Compiled in by `--use abort=…/abort/abort`.
 */
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  const what = message === null ? "abort" : message;
  const where = file === null ? "?" : file;
  const place = line.toString() + ":" + column.toString();
  EncodedText.of(what + " at " + where + ":" + place, firstArgument);
  proxy_log(LOG_LEVEL_CRITICAL, firstArgument.pointer, firstArgument.size);
  unreachable();
}
