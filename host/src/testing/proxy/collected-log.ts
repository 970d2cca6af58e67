import type { ThreadLoggers } from "../../common/log/logger-source.ts";
import type { Logger, LogLevel } from "../../contracts/log.ts";
import type { LogLine } from "./proxy.ts";

/** Components whose lines are those of guests; of the others only what is wrong is kept. */
const guestComponents = new Set(["wasm", "lua"]);
const order: readonly LogLevel[] = ["trace", "debug", "info", "warning", "error", "critical"];

/** Loggers that keep their lines. */
export class CollectedLog implements ThreadLoggers {
  readonly lines: LogLine[] = [];
  readonly #loggers = new Map<string, Logger>();

  logger(component: string): Logger {
    let logger = this.#loggers.get(component);
    if (logger === undefined) {
      logger = new CollectingLogger(component, this.lines);
      this.#loggers.set(component, logger);
    }
    return logger;
  }

  flush(): void {}

  reopen(): void {}
}

class CollectingLogger implements Logger {
  readonly component: string;
  readonly #lines: LogLine[];
  readonly #lowest: number;

  constructor(component: string, lines: LogLine[]) {
    this.component = component;
    this.#lines = lines;
    this.#lowest = order.indexOf(guestComponents.has(component) ? "trace" : "warning");
  }

  enabled(level: LogLevel): boolean {
    return level !== "off" && order.indexOf(level) >= this.#lowest;
  }

  log(level: LogLevel, text: string): void {
    if (!this.enabled(level)) return;
    const { component } = this;
    this.#lines.push({ level: level === "warning" ? "warn" : level, component, text });
  }

  trace(text: string): void {
    this.log("trace", text);
  }

  debug(text: string): void {
    this.log("debug", text);
  }

  info(text: string): void {
    this.log("info", text);
  }

  warning(text: string): void {
    this.log("warning", text);
  }

  error(text: string): void {
    this.log("error", text);
  }

  critical(text: string): void {
    this.log("critical", text);
  }
}
