import { getSystemErrorMessage } from "node:util";
import { accessLogFilesOf } from "../../../access-log/access-log-files.ts";
import {
  checked,
  defaultLogFormat,
  type LogFormatConfig,
  parseSubstitutionFormat,
} from "../../../access-log/log-format.ts";
import { StreamAccessLog } from "../../../access-log/stream-access-log.ts";
import { assertAppendable } from "../../../common/file-appender.ts";
import type { FileAccessLog } from "../../../config/gen/envoy/extensions/access_loggers/file/v3/file_pb.js";
import type { AccessLoggerFactory, ParseContext } from "../../../contracts/extension.ts";
import type { Result } from "../../../contracts/result.ts";

/** `envoy.extensions.access_loggers.file.v3.FileAccessLog` as plain data. */
export interface FileAccessLogConfig {
  readonly path: string;
  readonly format: LogFormatConfig;
}

function parseFormat(message: FileAccessLog, context: ParseContext): LogFormatConfig {
  const format = message.accessLogFormat;
  switch (format.case) {
    case "format": {
      if (format.value === "") return defaultLogFormat;
      const text = { kind: "text", text: format.value, omitEmptyValues: false } as const;
      return checked(text, context, { message, field: "format" });
    }
    case "jsonFormat":
    case "typedJsonFormat": {
      const field = format.case === "jsonFormat" ? "json_format" : "typed_json_format";
      const json = { kind: "json", format: format.value, omitEmptyValues: false } as const;
      return checked(json, context, { message, field });
    }
    case "logFormat":
      return parseSubstitutionFormat(format.value, context);
    case undefined:
      return defaultLogFormat;
  }
}

/** A file that cannot be opened refuses the configuration, as in Envoy. The file is made here if it is missing. */
function prepare(config: FileAccessLogConfig): Promise<Result<FileAccessLogConfig, string>> {
  try {
    assertAppendable(config.path);
    return Promise.resolve({ ok: true, value: config });
  } catch (error) {
    const { errno, message } = error as NodeJS.ErrnoException;
    const reason = errno === undefined ? message : getSystemErrorMessage(errno);
    return Promise.resolve({ ok: false, error: `unable to open file '${config.path}': ${reason}` });
  }
}

/** Lines appended to a file. */
export const fileAccessLogger: AccessLoggerFactory<FileAccessLogConfig> = {
  name: "envoy.access_loggers.file",
  messageName: "envoy.extensions.access_loggers.file.v3.FileAccessLog",
  parseConfig: (message: FileAccessLog, context) => ({
    path: message.path,
    format: parseFormat(message, context),
  }),
  prepare,
  createAccessLog: ({ path, format }, context) => {
    const files = accessLogFilesOf(context);
    const file = files.open(path);
    return new StreamAccessLog(format, file, context, () => void files.release(path));
  },
};
