import type { AccessLog as AccessLogMessage } from "../config/gen/envoy/config/accesslog/v3/accesslog_pb.js";
import type { ExtensionConfig } from "../contracts/config/snapshot.ts";
import type { ParseContext } from "../contracts/extension.ts";
import { type AccessLogFilterConfig, parseAccessLogFilter } from "./filter-config.ts";

/** Marks an `ExtensionConfig` that `createAccessLog` takes. */
export const accessLogTypeUrl = "type.googleapis.com/envoy.config.accesslog.v3.AccessLog";

/** The `config` of such an `ExtensionConfig`: the logger, and when it logs. */
export interface AccessLogConfig {
  readonly logger: ExtensionConfig;
  readonly filter: AccessLogFilterConfig | undefined;
}

/**
 * Reads an `envoy.config.accesslog.v3.AccessLog`: the logger extension and its filter. Reports what is wrong,
 * and returns undefined when there is no such logger.
 */
export function parseAccessLog(
  message: AccessLogMessage,
  context: ParseContext,
): ExtensionConfig | undefined {
  const { name, filter, configType } = message;
  const logger = context.extension(
    "access_logger",
    name,
    configType.value,
    message,
    "typed_config",
  );
  const parsedFilter = filter && parseAccessLogFilter(filter);
  if (logger === undefined) return undefined;
  const config: AccessLogConfig = { logger, filter: parsedFilter };
  return { name, typeUrl: accessLogTypeUrl, config };
}
