import type { Secret } from "../config/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts";
import { FileWatcher } from "./file-watcher.ts";

interface Files {
  readonly paths: readonly string[];
  readonly watchedDirectory: string | undefined;
}

/** Watches the files that a secret names. */
export class SecretFiles {
  readonly #onChange: () => void;
  readonly #onWatchFailure: (file: string, reason: string) => void;
  #watchers: FileWatcher[] = [];
  #watched = "";

  constructor(onChange: () => void, onWatchFailure: (file: string, reason: string) => void) {
    this.#onChange = onChange;
    this.#onWatchFailure = onWatchFailure;
  }

  /** From here on those of this version are watched. */
  follow(secret: Secret): void {
    const files = filesOf(secret);
    const identity = JSON.stringify(files);
    if (identity === this.#watched) return;
    this.close();
    this.#watched = identity;
    const { paths, watchedDirectory } = files;
    // Any move into a watched directory counts: one watcher does for all.
    const watched = watchedDirectory === undefined ? paths : paths.slice(0, 1);
    this.#watchers = watched.map(
      (file) =>
        new FileWatcher({
          file,
          watchedDirectory,
          onChange: this.#onChange,
          onWatchFailure: (reason) => this.#onWatchFailure(file, reason),
        }),
    );
    for (const watcher of this.#watchers) watcher.start();
  }

  close(): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = [];
    this.#watched = "";
  }
}

function filesOf({ type }: Secret): Files {
  switch (type.case) {
    case "tlsCertificate": {
      const { certificateChain, privateKey, password, watchedDirectory } = type.value;
      return files([certificateChain, privateKey, password], watchedDirectory);
    }
    case "validationContext": {
      const { trustedCa, crl, watchedDirectory } = type.value;
      return files([trustedCa, crl], watchedDirectory);
    }
    case "sessionTicketKeys":
      return files(type.value.keys, undefined);
    case "genericSecret":
    case undefined:
      return { paths: [], watchedDirectory: undefined };
  }
}

type Source = {
  readonly specifier: { readonly case?: string | undefined; readonly value?: unknown };
};

function files(
  sources: readonly (Source | undefined)[],
  directory: { readonly path: string } | undefined,
): Files {
  const paths = sources
    .filter((source) => source?.specifier.case === "filename")
    .map((source) => source!.specifier.value as string);
  return { paths, watchedDirectory: directory?.path };
}
