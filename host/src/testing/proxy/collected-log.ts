import type { ThreadLoggers } from "../../common/log/logger-source.ts";
import type { Logger, LogLevel } from "../../contracts/log.ts";
import { CollectingLogger } from "./collecting-logger.ts";
import type { LogLine } from "./proxy.ts";

/** Components whose lines are those of guests; of the others only what is wrong is kept. */
const guestComponents = new Set(["wasm", "lua"]);

/** Loggers that keep their lines. */
export class CollectedLog implements ThreadLoggers {
  readonly lines: LogLine[] = [];
  readonly #loggers = new Map<string, Logger>();

  logger(component: string): Logger {
    let logger = this.#loggers.get(component);
    if (logger === undefined) {
      logger = new LineLogger(component, this.lines);
      this.#loggers.set(component, logger);
    }
    return logger;
  }

  flush(): void {}

  reopen(): void {}
}

class LineLogger extends CollectingLogger {
  readonly #lines: LogLine[];

  constructor(component: string, lines: LogLine[]) {
    super(component, guestComponents.has(component) ? "trace" : "warning");
    this.#lines = lines;
  }

  protected override keep(level: LogLevel, text: string): void {
    const { component } = this;
    this.#lines.push({ level: level === "warning" ? "warn" : level, component, text });
  }
}
