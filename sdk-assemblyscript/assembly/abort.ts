import { LOG_LEVEL_CRITICAL } from "../../abi/src/numbers/log-level";
import { proxy_log } from "./env";

/**
 * What a failed assertion, an array index out of range or `throw` ends in: one line in the proxy's log, then a trap.
 * Compiled in by `--use abort=…/abort/abort`.
 */
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  const text = `${message === null ? "abort" : message} at ${file === null ? "?" : file}:${line.toString()}:${column.toString()}`;
  const bytes = String.UTF8.encode(text);
  proxy_log(LOG_LEVEL_CRITICAL, changetype<usize>(bytes), bytes.byteLength);
  unreachable();
}
