import { closeSync, constants, openSync, writeSync } from "node:fs";
import type { LogLevel } from "../contracts/log.ts";
import { LogLevels } from "../common/log/levels.ts";
import { systemTime } from "../common/time/clock.ts";

/**
 * The supervisor's log lines, in the format of the others. It writes them at once and by itself: this process
 * loads as little as it can, and what it says must be out before it ends.
 */
export class SupervisorLog {
  readonly #threshold: number;
  readonly #path: string | undefined;
  #fd: number;

  /** Lines go to the end of `path`, or to stderr. Throws when the file cannot be opened. */
  constructor(level: LogLevel, path: string | undefined) {
    this.#threshold = LogLevels.numberOf(level);
    this.#path = path;
    this.#fd = path === undefined ? ownStderr() : openSync(path, "a");
  }

  /** Goes on in a new file of the same name. Without success, in the old one. */
  reopen(): void {
    if (this.#path === undefined) return;
    try {
      const fd = openSync(this.#path, "a");
      closeSync(this.#fd);
      this.#fd = fd;
    } catch (error) {
      this.log("warning", `the log goes on in the old file: ${String(error)}`);
    }
  }

  log(level: LogLevel, text: string): void {
    if (LogLevels.numberOf(level) < this.#threshold) return;
    // Local time, as everywhere in the log.
    const now = new Date(systemTime.systemMs());
    const local = new Date(now.getTime() - now.getTimezoneOffset() * 60_000);
    const time = local.toISOString().replace("T", " ").slice(0, -1);
    try {
      writeSync(this.#fd, `[${time}][${process.pid}][${level}][main] ${text}\n`);
    } catch {
      // A reader that has gone or a full disk must not end the proxy.
    }
  }
}

/**
 * stderr, opened anew to append: where it is a file, the other processes append to it, and writing at this process's
 * own offset would overwrite their lines.
 */
function ownStderr(): number {
  try {
    return openSync("/proc/self/fd/2", constants.O_WRONLY | constants.O_APPEND);
  } catch {
    return 2;
  }
}
