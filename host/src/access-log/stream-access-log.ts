import type { FileAppender } from "../common/file-appender.ts";
import type { AccessLog, AccessLogType } from "../contracts/access-log.ts";
import type { AccessLogContext } from "../contracts/extension.ts";
import type { StreamInfo } from "../contracts/stream-info.ts";
import type { Formatter } from "../formatter/formatter.ts";
import { guestOperator } from "../formatter/operators/guests.ts";
import { guestWatchesOf } from "../guest/watch/guest-watches.ts";
import { compileLogFormat, type LogFormatConfig } from "./log-format.ts";

/** Formats at once, and leaves the line to the file. */
export class StreamAccessLog implements AccessLog {
  readonly #formatter: Formatter;
  readonly #file: FileAppender;
  readonly #release: () => void;

  /** `release` is called when nothing more will be logged. */
  constructor(
    format: LogFormatConfig,
    file: FileAppender,
    context: AccessLogContext,
    release: () => void = () => {},
  ) {
    const formatter = compileLogFormat(format, (operator) => {
      if (operator === guestOperator) guestWatchesOf(context).measureEveryStream();
    });
    // It compiled when the configuration was read.
    if (!formatter.ok) throw new Error(formatter.error);
    this.#formatter = formatter.value;
    this.#file = file;
    this.#release = release;
  }

  log(streamInfo: StreamInfo, type: AccessLogType): void {
    this.#file.append(this.#formatter.format(streamInfo, type));
  }

  dispose(): void {
    this.#release();
  }
}
