import type { ListenSocket, SnapshotUpdate } from "../snapshot/update.ts";

/** The data plane of one worker, as the worker's thread shell drives it. */
export interface WorkerRuntime {
  /**
   * Builds everything that the update needs, beside what is running. Rejects with a text for the operator when
   * something cannot be built; nothing has changed then. One update at a time.
   */
  stage(update: SnapshotUpdate): Promise<StagedUpdate>;
  /** Opens the accept side of committed listeners on these sockets. */
  listen(sockets: readonly ListenSocket[]): void;
  /** Stops accepting; connections live on. */
  stopListening(): void;
  /** Closes idle connections, marks the others to close after their exchange. */
  drain(): void;
  /** Streams and TCP connections that are still open. */
  readonly active: number;
}

/** What `stage` built. Exactly one of the two is called. */
export interface StagedUpdate {
  /** One assignment: new streams use the new state from here on. Never fails. */
  commit(): void;
  abort(): void;
}
