import { ConfigContext } from "../config/context.ts";
import { nothingFound, type FoundFiles } from "../config/found.ts";
import { formatProblems, ProblemList } from "../config/problem.ts";
import { Source } from "../config/source.ts";
import { FileWatcher } from "./file-watcher.ts";
import { modelFor } from "./resource-source.ts";
import type { SecretEnvironment } from "./secret-subscription.ts";

/** Certificates that are written into the configuration as files, with a `watched_directory`. */
export class WatchedFiles {
  readonly #files: FoundFiles;
  readonly #environment: SecretEnvironment;
  readonly #watcher: FileWatcher;
  #reading: Promise<unknown> = Promise.resolve();

  constructor(files: FoundFiles, environment: SecretEnvironment) {
    this.#files = files;
    this.#environment = environment;
    this.#watcher = new FileWatcher({
      file: files.directory,
      watchedDirectory: files.directory,
      onChange: () => {
        this.#reading = this.#reading.then(() => this.#read());
      },
      onWatchFailure: (reason) => {
        const text = `cannot watch ${files.directory} (${reason}); looking at it twice a second`;
        environment.logger.warning(text);
      },
    });
  }

  start(): void {
    this.#watcher.start();
  }

  close(): void {
    this.#watcher.close();
  }

  /** Never rejects. What cannot be used leaves what was there. */
  async #read(): Promise<void> {
    const { logger } = this.#environment;
    const { path } = this.#files;
    let refusal: string | undefined;
    try {
      refusal = await this.#apply();
    } catch (error) {
      refusal = error instanceof Error ? error.message : String(error);
    }
    if (refusal === undefined) logger.info(`${path}: its files are read anew`);
    else logger.warning(`Failed to reload certificates: ${path}: ${refusal}`);
  }

  async #apply(): Promise<string | undefined> {
    const { registry, localInfo, apply } = this.#environment;
    const problems = new ProblemList();
    const model = modelFor(new Source("", ""), problems, this.#environment);
    const context = new ConfigContext({ model, registry, localInfo, found: nothingFound() });
    const material = this.#files.parse(context);
    if (problems.failed || material === undefined) return formatProblems(problems.errors);
    const applied = await apply([{ key: this.#files.key, material }]);
    return applied.ok ? undefined : applied.error;
  }
}
