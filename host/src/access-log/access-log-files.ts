import {
  type AppendTarget,
  FileAppender,
  type FileAppenderObserver,
} from "../common/file-appender.ts";
import type { Logger } from "../contracts/log.ts";
import type { AccessLogContext } from "../contracts/extension.ts";
import type { Counter, Gauge, StatsScope } from "../contracts/stats.ts";

/** Bytes of lines that may wait for one file on one worker; more are dropped and counted. */
export const maxQueuedBytes = 8 * 1024 * 1024;
/** Writing starts when so much waits, as in Envoy … */
export const flushBytes = 64 * 1024;
/** … or so long after the first line. (Envoy waits 10 s.) */
export const flushIntervalMs = 1000;

const closePatienceMs = 1000;

/** The files that this worker's access loggers write to: one per path, shared by all loggers that name it. */
export class AccessLogFiles {
  readonly #files = new Map<string, SharedFile>();
  readonly #stats: StatsScope;
  readonly #log: Logger;

  constructor(stats: StatsScope, log: Logger) {
    this.#stats = stats;
    this.#log = log;
  }

  /** `/path` of a file, or the standard stream with that number. Throws with the file's name when it cannot be opened. */
  open(target: string | 1 | 2): FileAppender {
    const key = String(target);
    let shared = this.#files.get(key);
    if (shared === undefined) {
      const where: AppendTarget = typeof target === "string" ? { path: target } : { fd: target };
      const options = { encoding: "latin1", maxQueuedBytes, flushBytes, flushIntervalMs } as const;
      const name = typeof target === "string" ? target : `file descriptor ${target}`;
      const file = new FileAppender(where, options, new FileStats(name, this.#stats, this.#log));
      shared = { file, users: 0 };
      this.#files.set(key, shared);
    }
    shared.users += 1;
    return shared.file;
  }

  /** One logger of the file is gone. With the last of them the file is closed, when what waits is written. */
  async release(target: string): Promise<void> {
    const shared = this.#files.get(target);
    if (shared === undefined) return;
    shared.users -= 1;
    if (shared.users > 0) return;
    await shared.file.drain();
    // Somebody may have opened it meanwhile.
    if (shared.users > 0 || this.#files.get(target) !== shared) return;
    this.#files.delete(target);
    shared.file.close();
  }

  /** Opens all files anew, after they were moved away. */
  reopen(): void {
    for (const { file } of this.#files.values()) file.reopen();
  }

  /** Resolves when everything that was logged so far is with the operating system, or was dropped. */
  async drain(): Promise<void> {
    await Promise.all([...this.#files.values()].map(({ file }) => file.drain()));
  }

  /** Writes what waits and closes the files; a file that takes nothing holds this up for two seconds at most. */
  async close(): Promise<void> {
    const files = [...this.#files.values()];
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, closePatienceMs);
    });
    await Promise.race([this.drain(), patience]);
    clearTimeout(timer);
    for (const { file } of files) file.close();
  }
}

interface SharedFile {
  readonly file: FileAppender;
  /** Loggers that write to it. */
  users: number;
}

/** The files of this thread. */
export function accessLogFilesOf(context: AccessLogContext): AccessLogFiles {
  return context.singleton(
    "access_log_files",
    () => new AccessLogFiles(context.stats, context.loggers.logger("file")),
  );
}

/** Envoy's `filesystem.` stats; trouble is logged once, until a write succeeds again. */
class FileStats implements FileAppenderObserver {
  readonly #name: string;
  readonly #root: StatsScope;
  readonly #log: Logger;
  readonly #writeBuffered: Counter;
  readonly #writeCompleted: Counter;
  readonly #writeFailed: Counter;
  readonly #flushedByTimer: Counter;
  readonly #reopenFailed: Counter;
  readonly #totalBuffered: Gauge;
  #dropped: Counter | undefined;
  #inTrouble = false;

  constructor(name: string, root: StatsScope, log: Logger) {
    this.#name = name;
    this.#root = root;
    this.#log = log;
    const scope = root.scope("filesystem");
    this.#writeBuffered = scope.counter("write_buffered");
    this.#writeCompleted = scope.counter("write_completed");
    this.#writeFailed = scope.counter("write_failed");
    this.#flushedByTimer = scope.counter("flushed_by_timer");
    this.#reopenFailed = scope.counter("reopen_failed");
    this.#totalBuffered = scope.gauge("write_total_buffered");
  }

  onQueued(bytes: number): void {
    this.#writeBuffered.inc();
    this.#totalBuffered.add(bytes);
  }

  onWritten(bytes: number): void {
    this.#writeCompleted.inc();
    this.#totalBuffered.sub(bytes);
    this.#inTrouble = false;
  }

  onFailed(error: Error): void {
    this.#writeFailed.inc();
    this.#complain(error.message);
  }

  onReopenFailed(error: Error): void {
    this.#reopenFailed.inc();
    this.#log.warning(`access log ${this.#name} goes on in the old file: ${error.message}`);
  }

  onDropped(lines: number, bytes: number, queued: boolean): void {
    // Made with the first line that is lost: Envoy knows no such counter.
    this.#dropped ??= this.#root.counter("sluice.access_log.lines_dropped");
    this.#dropped.add(lines);
    if (queued) this.#totalBuffered.sub(bytes);
    else this.#complain(`it takes lines more slowly than they come; ${maxQueuedBytes} bytes wait`);
  }

  onFlushedByTimer(): void {
    this.#flushedByTimer.inc();
  }

  #complain(text: string): void {
    if (this.#inTrouble) return;
    this.#inTrouble = true;
    this.#log.warning(`access log ${this.#name}: lines are lost: ${text}`);
  }
}
