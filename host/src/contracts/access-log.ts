import type { StreamInfo } from "./stream-info.ts";

/** Why a log line is written (Envoy: `AccessLogType`, printed by `%ACCESS_LOG_TYPE%`). */
export type AccessLogType =
  /** Of a listener, or of a header value: no type applies. */
  | "NotSet"
  /** The end of an HTTP stream. */
  | "DownstreamEnd"
  /** tcp_proxy has its upstream connection (`flush_access_log_on_connected`). */
  | "TcpUpstreamConnected"
  /** Every `access_log_flush_interval` of a connection of tcp_proxy. */
  | "TcpPeriodic"
  /** The end of a connection of tcp_proxy. */
  | "TcpConnectionEnd";

/** One configured access logger on one worker. */
export interface AccessLog {
  /** Called when the stream (or connection) has ended, or as `type` says. Formats at once, writes later. */
  log(streamInfo: StreamInfo, type: AccessLogType): void;
  /** Nothing more will be logged: lets go what it holds. */
  dispose?(): void;
}
