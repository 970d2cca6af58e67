import type { StreamInfo } from "./stream-info.ts";

/** One configured access logger on one worker. */
export interface AccessLog {
  /** Called once, when the stream (or connection) has ended. Formats at once, writes later. */
  log(streamInfo: StreamInfo): void;
}
