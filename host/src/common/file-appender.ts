import { closeSync, constants, fstatSync, openSync, write, writeSync } from "node:fs";

export type AppendTarget = { readonly path: string } | { readonly fd: number };

export interface FileAppenderOptions {
  /** What `append` is given: text of ours, or text that holds one byte per character. */
  readonly encoding: "utf8" | "latin1";
  /** Bytes that may wait; beyond them, lines are dropped. */
  readonly maxQueuedBytes: number;
  /** Writing starts when so many bytes wait, or … */
  readonly flushBytes: number;
  /** … so long after the first of them; 0: after the current event. */
  readonly flushIntervalMs: number;
  /** Batches are written within the event loop's thread. A pipe that is full does not hold it up even then. */
  readonly synchronous?: boolean;
}

/** Told what happens to the lines. */
export interface FileAppenderObserver {
  /** One line waits. */
  onQueued(bytes: number): void;
  /** The lines with these bytes were handed to the operating system. */
  onWritten(bytes: number): void;
  /** A write failed: the disk is full, the reader is gone. Its lines are dropped. */
  onFailed(error: Error): void;
  /** `reopen()` could not open the file; lines still go to the old one. */
  onReopenFailed(error: Error): void;
  /** So many lines are lost; `queued`: `onQueued` had been told of them. */
  onDropped(lines: number, bytes: number, queued: boolean): void;
  onFlushedByTimer(): void;
}

const ignoring: FileAppenderObserver = {
  onQueued() {},
  onWritten() {},
  onFailed() {},
  onReopenFailed() {},
  onDropped() {},
  onFlushedByTimer() {},
};

/** Writes of at most this size are not mixed with those of others on a pipe (POSIX: `PIPE_BUF` on Linux). */
const pipeAtomicBytes = 4096;
const retryMs = 20;
const flushSyncMs = 1000;

/**
 * Appends lines to a file that several threads and processes may share, without making the caller wait: lines
 * queue in memory, one write is under way at a time, and when the file is slower than the lines, lines are
 * dropped and counted.
 */
export class FileAppender {
  readonly #target: AppendTarget;
  readonly #options: FileAppenderOptions;
  readonly #observer: FileAppenderObserver;
  #file: OpenFile;
  #reopenWanted = false;
  #queue = "";
  #queuedBytes = 0;
  #queuedLines = 0;
  #torn = false;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #batch: Batch | undefined;
  #closed = false;
  #drained: (() => void)[] = [];

  /** Opens the file. Throws when that fails: the error's text names the file. */
  constructor(
    target: AppendTarget,
    options: FileAppenderOptions,
    observer: FileAppenderObserver = ignoring,
  ) {
    this.#target = target;
    this.#options = options;
    this.#observer = observer;
    this.#file = openTarget(target);
  }

  /** Queues one line (it brings its own line feed). */
  append(line: string): void {
    const bytes = this.#options.encoding === "latin1" ? line.length : Buffer.byteLength(line);
    const waiting = this.#queuedBytes + (this.#batch?.bytes.length ?? 0);
    if (this.#closed || waiting + bytes > this.#options.maxQueuedBytes) {
      this.#observer.onDropped(1, bytes, false);
      return;
    }
    this.#queue += line;
    this.#queuedBytes += bytes;
    this.#queuedLines += 1;
    this.#observer.onQueued(bytes);
    if (this.#batch !== undefined) return;
    if (this.#queuedBytes >= this.#options.flushBytes) this.#start();
    else this.#startLater();
  }

  /** Starts writing what waits. */
  flush(): void {
    if (this.#batch === undefined && this.#queuedLines > 0) this.#start();
  }

  /** Starts writing, and resolves when nothing waits any more. */
  drain(): Promise<void> {
    if (this.#batch === undefined && this.#queuedLines === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#drained.push(resolve);
      this.flush();
    });
  }

  /**
   * Writes what waits before it returns; gives up after a second on a file that takes nothing. The exception is
   * what an asynchronous write has in hand: after `drain()` there is nothing of that.
   */
  flushSync(): void {
    this.#cancelTimers();
    const giveUp = performance.now() + flushSyncMs;
    if (this.#batch?.underWay === false) {
      this.#writePatiently(this.#batch, giveUp);
      this.#batch = undefined;
    }
    while (this.#queuedLines > 0) this.#writePatiently(this.#takeBatch(), giveUp);
    if (this.#batch === undefined) this.#tellDrained();
  }

  /** Opens the file anew before the next write (rotation). Reports a failure, and goes on with the old one. */
  reopen(): void {
    if ("fd" in this.#target || this.#closed) return;
    this.#reopenWanted = true;
    if (this.#batch === undefined) this.#start();
  }

  /** Writes what waits and closes the file. */
  close(): void {
    if (this.#closed) return;
    this.flushSync();
    this.#closed = true;
    if (this.#batch === undefined) this.#file.close();
  }

  #startLater(): void {
    if (this.#options.flushIntervalMs === 0) {
      this.#immediate ??= setImmediate(() => {
        this.#immediate = undefined;
        this.flush();
      });
      return;
    }
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#queuedLines > 0) this.#observer.onFlushedByTimer();
      this.flush();
    }, this.#options.flushIntervalMs);
    this.#timer.unref();
  }

  #cancelTimers(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    clearImmediate(this.#immediate);
    this.#immediate = undefined;
  }

  #start(): void {
    this.#cancelTimers();
    if (this.#reopenWanted) this.#reopenNow();
    if (this.#queuedLines === 0) return;
    this.#batch = this.#takeBatch();
    this.#write(this.#batch);
  }

  #reopenNow(): void {
    this.#reopenWanted = false;
    try {
      const file = openTarget(this.#target);
      this.#file.close();
      this.#file = file;
    } catch (error) {
      this.#observer.onReopenFailed(error as Error);
    }
  }

  #takeBatch(): Batch {
    const text = this.#torn ? `\n${this.#queue}` : this.#queue;
    const batch = new Batch(Buffer.from(text, this.#options.encoding), this.#queuedBytes);
    this.#torn = false;
    this.#queue = "";
    this.#queuedBytes = 0;
    this.#queuedLines = 0;
    return batch;
  }

  #write(batch: Batch): void {
    if (this.#options.synchronous === true) {
      this.#afterWrite(batch, this.#writeSync(batch));
      return;
    }
    const { fd, isPipe } = this.#file;
    batch.underWay = true;
    const length = batch.nextLength(isPipe);
    write(fd, batch.bytes, batch.written, length, null, (error, written) => {
      batch.underWay = false;
      if (error === null) batch.written += written;
      this.#afterWrite(batch, error);
    });
  }

  #afterWrite(batch: Batch, error: NodeJS.ErrnoException | null): void {
    if (error?.code === "EAGAIN") {
      setTimeout(() => this.#retry(batch), retryMs).unref();
    } else if (error !== null) {
      this.#lose(batch, error);
      this.#next();
    } else if (batch.written < batch.bytes.length) {
      this.#write(batch);
    } else {
      this.#observer.onWritten(batch.queuedBytes);
      this.#next();
    }
  }

  #retry(batch: Batch): void {
    // Else flushSync() took care of it meanwhile.
    if (batch === this.#batch) this.#write(batch);
  }

  #next(): void {
    this.#batch = undefined;
    const hurry = this.#drained.length > 0 && this.#queuedLines > 0;
    if (this.#closed) this.#file.close();
    else if (hurry || this.#queuedBytes >= this.#options.flushBytes || this.#reopenWanted) {
      this.#start();
    } else if (this.#queuedLines > 0) this.#startLater();
    if (this.#batch === undefined && this.#queuedLines === 0) this.#tellDrained();
  }

  #tellDrained(): void {
    for (const resolve of this.#drained.splice(0)) resolve();
  }

  #lose(batch: Batch, error: Error): void {
    const { bytes, written } = batch;
    this.#observer.onFailed(error);
    this.#observer.onDropped(batch.linesLeft(), batch.queuedBytes, true);
    // The next line must not continue the torn one.
    this.#torn = written > 0 && bytes[written - 1] !== 10;
  }

  /** Writes as much as the file takes at once. */
  #writeSync(batch: Batch): NodeJS.ErrnoException | null {
    const { fd, isPipe } = this.#file;
    try {
      while (batch.written < batch.bytes.length) {
        batch.written += writeSync(fd, batch.bytes, batch.written, batch.nextLength(isPipe));
      }
      return null;
    } catch (error) {
      return error as NodeJS.ErrnoException;
    }
  }

  #writePatiently(batch: Batch, giveUp: number): void {
    let error = this.#writeSync(batch);
    while (error?.code === "EAGAIN" && performance.now() < giveUp) {
      sleepSync(retryMs);
      error = this.#writeSync(batch);
    }
    if (error === null) this.#observer.onWritten(batch.queuedBytes);
    else this.#lose(batch, error);
  }
}

/** Lines on their way. */
class Batch {
  readonly bytes: Buffer;
  /** What the observer was told when the lines came. */
  readonly queuedBytes: number;
  written = 0;
  underWay = false;

  constructor(bytes: Buffer, queuedBytes: number) {
    this.bytes = bytes;
    this.queuedBytes = queuedBytes;
  }

  /** How much to write next: on a pipe, whole lines that the system does not tear apart. */
  nextLength(isPipe: boolean): number {
    const rest = this.bytes.length - this.written;
    if (!isPipe || rest <= pipeAtomicBytes) return rest;
    const lineFeed = this.bytes.lastIndexOf(10, this.written + pipeAtomicBytes - 1);
    return lineFeed >= this.written ? lineFeed + 1 - this.written : pipeAtomicBytes;
  }

  /** Lines of which something is not written. */
  linesLeft(): number {
    let lines = this.written < this.bytes.length && this.bytes.at(-1) !== 10 ? 1 : 0;
    for (let at = this.bytes.indexOf(10, this.written); at >= 0;) {
      lines += 1;
      at = this.bytes.indexOf(10, at + 1);
    }
    return lines;
  }
}

interface OpenFile {
  readonly fd: number;
  readonly isPipe: boolean;
  close(): void;
}

// Without O_NONBLOCK a reader that does not read would hold a thread of the pool that all file access shares.
const flags =
  constants.O_WRONLY |
  constants.O_APPEND |
  constants.O_CREAT |
  constants.O_NONBLOCK |
  constants.O_NOCTTY;

/** Throws when lines cannot be appended to the file; makes it when it is missing. */
export function assertAppendable(path: string): void {
  closeSync(openSync(path, flags, 0o644));
}

function openTarget(target: AppendTarget): OpenFile {
  if ("path" in target) return opened(openSync(target.path, flags, 0o644));
  try {
    // A description of our own, so that the flags do not change for others who hold the same stdout.
    return opened(openSync(`/proc/self/fd/${target.fd}`, flags & ~constants.O_CREAT));
  } catch {
    return { fd: target.fd, isPipe: fstatSync(target.fd).isFIFO(), close() {} };
  }
}

function opened(fd: number): OpenFile {
  return { fd, isPipe: fstatSync(fd).isFIFO(), close: () => closeSync(fd) };
}

function sleepSync(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
