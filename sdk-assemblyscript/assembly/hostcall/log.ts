import {
  LOG_LEVEL_CRITICAL,
  LOG_LEVEL_DEBUG,
  LOG_LEVEL_ERROR,
  LOG_LEVEL_INFO,
  LOG_LEVEL_TRACE,
  LOG_LEVEL_WARN,
} from "../../../abi/src/numbers/log-level";
import { proxy_get_log_level, proxy_log } from "../env";
import { outSize } from "../memory/allocator";
import { encodeFirst, firstPointer, firstSize, releaseTexts } from "../memory/text";

/** How much a line matters. */
export enum LogLevel {
  Trace = LOG_LEVEL_TRACE,
  Debug = LOG_LEVEL_DEBUG,
  Info = LOG_LEVEL_INFO,
  Warn = LOG_LEVEL_WARN,
  Error = LOG_LEVEL_ERROR,
  Critical = LOG_LEVEL_CRITICAL,
}

function write(level: u32, text: string): void {
  encodeFirst(changetype<usize>(text));
  proxy_log(level, firstPointer, firstSize);
  releaseTexts();
}

/** Lines in the proxy's log, under the plugin's name. Which levels are shown is the operator's choice. */
export class Log {
  /** Whether such lines are shown: ask before making a long one. `level` as in `LogLevel`. */
  static enabled(level: LogLevel): bool {
    return proxy_get_log_level(outSize) != 0 || <u32>level >= load<u32>(outSize);
  }

  static trace(text: string): void {
    write(LOG_LEVEL_TRACE, text);
  }

  static debug(text: string): void {
    write(LOG_LEVEL_DEBUG, text);
  }

  static info(text: string): void {
    write(LOG_LEVEL_INFO, text);
  }

  static warn(text: string): void {
    write(LOG_LEVEL_WARN, text);
  }

  static error(text: string): void {
    write(LOG_LEVEL_ERROR, text);
  }

  static critical(text: string): void {
    write(LOG_LEVEL_CRITICAL, text);
  }
}
