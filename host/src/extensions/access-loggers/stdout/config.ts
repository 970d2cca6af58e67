import { accessLogFilesOf } from "../../../access-log/access-log-files.ts";
import {
  defaultLogFormat,
  type LogFormatConfig,
  parseSubstitutionFormat,
} from "../../../access-log/log-format.ts";
import { StreamAccessLog } from "../../../access-log/stream-access-log.ts";
import type { StdoutAccessLog } from "../../../config/gen/envoy/extensions/access_loggers/stream/v3/stream_pb.js";
import type { AccessLoggerFactory } from "../../../contracts/extension.ts";

/** `envoy.extensions.access_loggers.stream.v3.StdoutAccessLog` as plain data. */
export interface StdoutAccessLogConfig {
  readonly format: LogFormatConfig;
}

/** Lines on the process's stdout. */
export const stdoutAccessLogger: AccessLoggerFactory<StdoutAccessLogConfig> = {
  name: "envoy.access_loggers.stdout",
  messageName: "envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
  parseConfig: (message: StdoutAccessLog, context) => ({
    format:
      message.accessLogFormat.case === undefined
        ? defaultLogFormat
        : parseSubstitutionFormat(message.accessLogFormat.value, context),
  }),
  createAccessLog: (config, context) =>
    new StreamAccessLog(config.format, accessLogFilesOf(context).open(1), context),
};
