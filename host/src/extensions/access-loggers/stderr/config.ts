import { accessLogFilesOf } from "../../../access-log/access-log-files.ts";
import {
  defaultLogFormat,
  type LogFormatConfig,
  parseSubstitutionFormat,
} from "../../../access-log/log-format.ts";
import { StreamAccessLog } from "../../../access-log/stream-access-log.ts";
import type { StderrAccessLog } from "../../../config/gen/envoy/extensions/access_loggers/stream/v3/stream_pb.js";
import type { AccessLoggerFactory } from "../../../contracts/extension.ts";

/** `envoy.extensions.access_loggers.stream.v3.StderrAccessLog` as plain data. */
export interface StderrAccessLogConfig {
  readonly format: LogFormatConfig;
}

/** Lines on the process's stderr. */
export const stderrAccessLogger: AccessLoggerFactory<StderrAccessLogConfig> = {
  name: "envoy.access_loggers.stderr",
  messageName: "envoy.extensions.access_loggers.stream.v3.StderrAccessLog",
  parseConfig: (message: StderrAccessLog, context) => ({
    format:
      message.accessLogFormat.case === undefined
        ? defaultLogFormat
        : parseSubstitutionFormat(message.accessLogFormat.value, context),
  }),
  createAccessLog: (config, context) =>
    new StreamAccessLog(config.format, accessLogFilesOf(context).open(2), context),
};
