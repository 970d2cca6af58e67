import {
  LOG_LEVEL_CRITICAL,
  LOG_LEVEL_DEBUG,
  LOG_LEVEL_ERROR,
  LOG_LEVEL_INFO,
  LOG_LEVEL_TRACE,
  LOG_LEVEL_WARN,
} from "../../../abi/src/numbers/log-level";
import { proxy_log } from "../env";
import { EncodedText, firstArgument } from "../memory/text";

function write(level: u32, text: string): void {
  EncodedText.of(text, firstArgument);
  proxy_log(level, firstArgument.pointer, firstArgument.size);
  EncodedText.done(firstArgument);
}

/** Lines in the proxy's log, under the plugin's name. Which levels are shown is the operator's choice. */
export class Log {
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
