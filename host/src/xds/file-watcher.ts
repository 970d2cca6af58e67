import fs from "node:fs";
import path from "node:path";

export interface FileWatcherOptions {
  /** The file that is read. */
  readonly file: string;
  /** A directory in which anything that is moved in means a new version; else it is the file's own name. */
  readonly watchedDirectory: string | undefined;
  /** A new version has arrived. Never called from inside `start`. */
  readonly onChange: () => void;
  /** Watching does not work; the file is looked at twice a second instead. Called once. */
  readonly onWatchFailure: (reason: string) => void;
}

/** A move is one event; a file that is written in place under the name has more, which come in this time. */
const quietMs = 3;
/** What is written without a pause is read after this all the same. */
const quietMaxMs = 100;
/** Whether the directory is still the one that is watched. */
const directoryCheckMs = 2000;
const pollMs = 500;

/**
 * Tells when a file is replaced, as Envoy does: by a move to its name (`mv new file`), or with a watched
 * directory by any move into it (a Kubernetes ConfigMap's `..data`). Writing into the file in place is not an
 * event. Where the kernel's watches are used up, and when the directory itself is replaced, it goes on.
 */
export class FileWatcher {
  readonly #options: FileWatcherOptions;
  readonly #directory: string;
  #watcher: fs.FSWatcher | undefined;
  #watchedDirectory = "";
  #quiet: NodeJS.Timeout | undefined;
  #quietSince = 0;
  #checks: NodeJS.Timeout | undefined;
  #seen = "";
  #failed = false;
  #closed = false;

  constructor(options: FileWatcherOptions) {
    this.#options = options;
    this.#directory = options.watchedDirectory ?? path.dirname(path.resolve(options.file));
  }

  start(): void {
    this.#seen = identity(this.#options.file);
    this.#watch();
  }

  close(): void {
    this.#closed = true;
    this.#watcher?.close();
    clearTimeout(this.#quiet);
    clearTimeout(this.#checks);
  }

  #watch(): void {
    try {
      const watcher = fs.watch(this.#directory, { persistent: false });
      watcher.on("change", (kind, name) => this.#onEvent(kind, name));
      watcher.on("error", (error) => this.#onError(error));
      this.#watcher = watcher;
      this.#watchedDirectory = identity(this.#directory);
      this.#armChecks();
    } catch (error) {
      this.#onError(error as Error);
    }
  }

  #onError(error: Error): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    this.#armChecks();
    if (this.#failed || this.#closed) return;
    this.#failed = true;
    this.#options.onWatchFailure(error.message);
  }

  #onEvent(kind: string, name: string | Buffer | null): void {
    if (kind === "rename") {
      if (this.#concerns(name)) this.#arm();
    } else if (this.#quiet && this.#concerns(name)) this.#arm();
  }

  /** Whether something new stands under the name: a name that is gone is no new version. */
  #concerns(name: string | Buffer | null): boolean {
    const { watchedDirectory, file } = this.#options;
    if (watchedDirectory === undefined) {
      if (name !== null && name.toString() !== path.basename(file)) return false;
      return identity(file) !== "";
    }
    return name === null || identity(path.join(watchedDirectory, name.toString())) !== "";
  }

  #arm(): void {
    const now = performance.now();
    if (!this.#quiet) this.#quietSince = now;
    else if (now - this.#quietSince > quietMaxMs) return;
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => {
      this.#quiet = undefined;
      this.#changed();
    }, quietMs);
  }

  #changed(): void {
    if (this.#closed) return;
    this.#seen = identity(this.#options.file);
    this.#options.onChange();
  }

  #armChecks(): void {
    if (this.#closed) return;
    clearTimeout(this.#checks);
    const delay = this.#watcher ? directoryCheckMs : pollMs;
    this.#checks = setTimeout(() => this.#check(), delay).unref();
  }

  /** Finds what no event tells: a directory that was replaced as a whole, or changes without a watch. */
  #check(): void {
    if (this.#watcher && identity(this.#directory) === this.#watchedDirectory) {
      this.#armChecks();
      return;
    }
    this.#watcher?.close();
    this.#watcher = undefined;
    const now = identity(this.#options.file);
    if (now !== "" && now !== this.#seen) this.#changed();
    if (identity(this.#directory) === "") this.#armChecks();
    else this.#watch();
  }
}

/** Which file or directory stands under a name; empty when none does. */
function identity(name: string): string {
  const stats = fs.statSync(name, { throwIfNoEntry: false, bigint: true });
  if (!stats) return "";
  const version = stats.isDirectory() ? "" : `:${stats.size}:${stats.mtimeNs}`;
  return `${stats.dev}:${stats.ino}${version}`;
}
