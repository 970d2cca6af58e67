import { openSync, writeSync } from "node:fs";
import type { LogLevel } from "../contracts/log.ts";
import { systemTime } from "../common/time/clock.ts";

const severity: { readonly [level in LogLevel]: number } = {
  trace: 0,
  debug: 1,
  info: 2,
  warning: 3,
  error: 4,
  critical: 5,
  off: 6,
};

/**
 * The supervisor's log lines, in the format of the others. It writes them at once and by itself: this process
 * loads as little as it can, and what it says must be out before it ends.
 */
export class SupervisorLog {
  readonly #threshold: number;
  readonly #fd: number;

  /** Lines go to the end of `path`, or to stderr. Throws when the file cannot be opened. */
  constructor(level: LogLevel, path: string | undefined) {
    this.#threshold = severity[level];
    this.#fd = path === undefined ? 2 : openSync(path, "a");
  }

  log(level: LogLevel, text: string): void {
    if (severity[level] < this.#threshold) return;
    const time = new Date(systemTime.systemMs()).toISOString().replace("T", " ").slice(0, -1);
    try {
      writeSync(this.#fd, `[${time}][${process.pid}][${level}][main] ${text}\n`);
    } catch {
      // A reader that has gone or a full disk must not end the proxy.
    }
  }
}
