import { type AccessRecord, recordOf } from "../access-log/access-record.ts";
import type { AccessLog } from "../contracts/access-log.ts";
import type { StreamInfo } from "../contracts/stream-info.ts";

/** Stands on the main thread for loggers that need a worker: those are on worker 0. */
export class ForwardedAccessLog implements AccessLog {
  readonly #forward: (record: AccessRecord) => void;

  constructor(forward: (record: AccessRecord) => void) {
    this.#forward = forward;
  }

  log(streamInfo: StreamInfo): void {
    this.#forward(recordOf(streamInfo));
  }
}
