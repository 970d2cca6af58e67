import type { Logger, LogLevel } from "../../contracts/log.ts";

const order: readonly LogLevel[] = ["trace", "debug", "info", "warning", "error", "critical"];

/** A log whose lines are kept instead of written; subclasses say how. */
export abstract class CollectingLogger implements Logger {
  readonly component: string;
  /** Lines below it are not enabled. */
  lowest: LogLevel;

  constructor(component: string, lowest: LogLevel) {
    this.component = component;
    this.lowest = lowest;
  }

  /** `level` is enabled. */
  protected abstract keep(level: LogLevel, text: string): void;

  enabled(level: LogLevel): boolean {
    return level !== "off" && order.indexOf(level) >= order.indexOf(this.lowest);
  }

  log(level: LogLevel, text: string): void {
    if (this.enabled(level)) this.keep(level, text);
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
