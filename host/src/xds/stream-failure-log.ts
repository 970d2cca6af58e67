import type { TimeSource } from "../contracts/event.ts";
import type { Logger } from "../contracts/log.ts";
import { GrpcStatus } from "../grpc/status.ts";

/** Statuses that come and go when a server is restarted, or ends old streams. */
const passing: readonly number[] = [
  GrpcStatus.Ok,
  GrpcStatus.DeadlineExceeded,
  GrpcStatus.ResourceExhausted,
  GrpcStatus.Unavailable,
];
const patienceMs = 30_000;

/**
 * Says why a stream to a control plane ended, as loudly as Envoy: what may pass by itself is a warning only when it
 * has lasted for 30 seconds, or when it is not the first thing that went wrong.
 */
export class StreamFailureLog {
  readonly #logger: Logger;
  readonly #time: TimeSource;
  #status: number | undefined;
  #sinceMs = 0;

  constructor(logger: Logger, time: TimeSource) {
    this.#logger = logger;
    this.#time = time;
  }

  /** The server has answered: whatever was wrong is over. */
  onResponse(): void {
    this.#status = undefined;
  }

  onFailure(status: number, stream: string, text: string): void {
    const now = this.#time.monotonicMs();
    const line = `${stream} closed: ${status}, ${text}`;
    if (!passing.includes(status)) this.#logger.warning(line);
    else if (this.#status === undefined) {
      this.#status = status;
      this.#sinceMs = now;
      this.#logger.debug(line);
    } else if (this.#status !== status || now - this.#sinceMs >= patienceMs) {
      this.#status = status;
      this.#sinceMs = now;
      this.#logger.warning(line);
    } else this.#logger.debug(line);
  }
}
