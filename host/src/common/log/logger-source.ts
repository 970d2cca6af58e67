import type { TimeSource } from "../../contracts/event.ts";
import type { Logger, LoggerSource, LogLevel } from "../../contracts/log.ts";
import { systemTime } from "../time/clock.ts";
import { LogLevels } from "./levels.ts";
import { LogWriter } from "./log-writer.ts";

export interface LoggerSourceOptions {
  /** The table of all threads. */
  readonly levels: LogLevels;
  /** `--log-path`; stderr when absent. */
  readonly path?: string | undefined;
  readonly time?: TimeSource;
}

/** The loggers of one thread. */
export interface ThreadLoggers extends LoggerSource {
  /** Writes waiting lines before this returns: last thing before a thread ends. */
  flush(): void;
  /** Opens the log file anew (rotation). */
  reopen(): void;
}

/** What these log is logged while a guest runs, whose time is limited: loading the logger must not count. */
const guestComponents: ReadonlySet<string> = new Set(["wasm", "lua"]);

/**
 * Makes the loggers of this thread. Every thread writes its own lines, whole. Throws when the log file cannot be
 * opened; the error's text names it.
 */
export function createLoggerSource(options: LoggerSourceOptions): ThreadLoggers {
  const target = options.path === undefined ? { fd: 2 } : { path: options.path };
  const writer = new LogWriter(target, options.time ?? systemTime);
  const levels = new Uint8Array(options.levels.memory);
  const loggers = new Map<string, Logger>();
  return {
    logger(component) {
      let logger = loggers.get(component);
      if (logger === undefined) {
        if (guestComponents.has(component)) writer.prepare(component);
        logger = new ComponentLogger(component, levels, writer);
        loggers.set(component, logger);
      }
      return logger;
    },
    flush: () => writer.flush(),
    reopen: () => writer.reopen(),
  };
}

const [trace, debug, info, warning, error, critical] = [0, 1, 2, 3, 4, 5] as const;

class ComponentLogger implements Logger {
  readonly component: string;
  readonly #levels: Uint8Array;
  readonly #at: number;
  readonly #writer: LogWriter;

  constructor(component: string, levels: Uint8Array, writer: LogWriter) {
    this.component = component;
    this.#levels = levels;
    this.#at = LogLevels.indexOf(component);
    this.#writer = writer;
  }

  enabled(level: LogLevel): boolean {
    return level !== "off" && this.#levels[this.#at]! <= LogLevels.numberOf(level);
  }

  log(level: LogLevel, text: string): void {
    if (level !== "off" && this.enabled(level)) this.#writer.write(this.component, level, text);
  }

  trace(text: string): void {
    if (this.#levels[this.#at]! <= trace) this.#writer.write(this.component, "trace", text);
  }

  debug(text: string): void {
    if (this.#levels[this.#at]! <= debug) this.#writer.write(this.component, "debug", text);
  }

  info(text: string): void {
    if (this.#levels[this.#at]! <= info) this.#writer.write(this.component, "info", text);
  }

  warning(text: string): void {
    if (this.#levels[this.#at]! <= warning) this.#writer.write(this.component, "warning", text);
  }

  error(text: string): void {
    if (this.#levels[this.#at]! <= error) this.#writer.write(this.component, "error", text);
  }

  critical(text: string): void {
    if (this.#levels[this.#at]! <= critical) this.#writer.write(this.component, "critical", text);
  }
}
