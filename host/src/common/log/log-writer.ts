import { createRequire } from "node:module";
import type { LogLevel } from "../../contracts/log.ts";
import type { TimeSource } from "../../contracts/event.ts";
import { currentThreadId } from "../thread-id.ts";
import { type AppendTarget, FileAppender } from "../file-appender.ts";

type Pino = typeof import("pino");
type PinoLogger = ReturnType<Pino["pino"]>;

/** pino's numbers for the levels that are written. */
const customLevels = { trace: 10, debug: 20, info: 30, warning: 40, error: 50, critical: 60 };
const levelNames = new Map(Object.entries(customLevels).map(([name, number]) => [number, name]));

/** Lines may wait in memory up to this; more are dropped. */
const maxQueuedBytes = 4 * 1024 * 1024;

/** What pino leaves on a stream that asks for it: the line's parts, before they became JSON. */
interface LineParts {
  lastLevel: number;
  lastMsg: string;
  lastLogger: PinoLogger;
}

/**
 * Writes the lines of one thread as `[date time.ms][thread][level][component] message`. The lines of one event are
 * written together after it, so that nobody waits for the file. pino is loaded with the first line or `prepare`:
 * a worker that has nothing to say does not pay for it.
 */
export class LogWriter {
  readonly #appender: FileAppender;
  readonly #time: TimeSource;
  readonly #children = new Map<string, PinoLogger>();
  #root: PinoLogger | undefined;

  /** Throws when the file cannot be opened. */
  constructor(target: AppendTarget, time: TimeSource) {
    this.#appender = new FileAppender(target, {
      encoding: "utf8",
      maxQueuedBytes,
      flushBytes: Infinity,
      flushIntervalMs: 0,
      // What was said before a crash must be out; and there is little of it.
      synchronous: true,
    });
    this.#time = time;
  }

  write(component: string, level: Exclude<LogLevel, "off">, text: string): void {
    const child = this.#children.get(component) ?? this.prepare(component);
    (child as unknown as { readonly [name: string]: (text: string) => void })[level]!(text);
  }

  /** Does now what the first line of a component would do: some milliseconds of work for the first of them. */
  prepare(component: string): PinoLogger {
    this.#root ??= this.#load();
    const child = this.#root.child({ component });
    this.#children.set(component, child);
    return child;
  }

  /** Writes what is waiting, before this returns. */
  flush(): void {
    this.#appender.flushSync();
  }

  /** Opens the file anew, after it was moved away. */
  reopen(): void {
    this.#appender.reopen();
  }

  #load(): PinoLogger {
    const { pino } = createRequire(import.meta.url)("pino") as Pino;
    process.once("exit", () => this.flush());
    const appender = this.#appender;
    const time = this.#time;
    const thread = currentThreadId();
    const stream = {
      lastLevel: 0,
      lastMsg: "",
      lastLogger: undefined,
      [pino.symbols.needsMetadataGsym]: true,
      write(): void {
        const parts = this as unknown as LineParts;
        const component = String(parts.lastLogger.bindings()["component"]);
        const level = levelNames.get(parts.lastLevel) ?? "info";
        const stamp = timestamp(time.systemMs());
        appender.append(
          `[${stamp}][${thread}][${level}][${component}] ${printable(parts.lastMsg)}\n`,
        );
      },
    };
    const options = { base: null, timestamp: false, level: "trace", useOnlyCustomLevels: true };
    return pino({ ...options, customLevels }, stream) as unknown as PinoLogger;
  }
}

const two = (value: number): string => String(value).padStart(2, "0");

/** Local time, `2026-11-21 05:00:00.000`. */
function timestamp(systemMs: number): string {
  const at = new Date(systemMs);
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return `${date} ${time}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}

// Guests' lines keep their line feeds and tabs; what could steer a terminal is shown as text.
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const controls = /[\x00-\x08\x0b-\x1f\x7f]/g;

function printable(text: string): string {
  return text.replaceAll(
    controls,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}
