import type { StreamInfo } from "./stream-info.ts";

/** Why a log line is written (Envoy: `AccessLogType`, printed by `%ACCESS_LOG_TYPE%`). */
export type AccessLogType =
  /** Of a listener, or of a header value: no type applies. */
  | "NotSet"
  /** The end of an HTTP stream. */
  | "DownstreamEnd"
  /** The end of a connection of tcp_proxy. */
  | "TcpConnectionEnd";

/** One configured access logger on one worker. */
export interface AccessLog {
  /** Called once, when the stream (or connection) has ended. Formats at once, writes later. */
  log(streamInfo: StreamInfo, type: AccessLogType): void;
}
