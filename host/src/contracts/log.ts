/** Envoy's levels, least to most severe. */
export type LogLevel = "trace" | "debug" | "info" | "warning" | "error" | "critical" | "off";

/** The log of one component (`http`, `upstream`, `lua`, `wasm` …: the names of `/logging`). */
export interface Logger {
  readonly component: string;
  /** Ask before building an expensive text. */
  enabled(level: LogLevel): boolean;
  log(level: LogLevel, text: string): void;
  trace(text: string): void;
  debug(text: string): void;
  info(text: string): void;
  warning(text: string): void;
  error(text: string): void;
  critical(text: string): void;
}

/** Gives the log of each component; one object per name. */
export interface LoggerSource {
  logger(component: string): Logger;
}
