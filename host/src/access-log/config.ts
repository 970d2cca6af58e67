import { messageNameOfTypeUrl } from "../common/type-url.ts";
import type { AccessLog as AccessLogMessage } from "../config/gen/envoy/config/accesslog/v3/accesslog_pb.js";
import type { DiscoveredAccessLog } from "../config/gen/sluice/accesslog/v1/accesslog_pb.js";
import type { DiscoveredExtension, ExtensionConfig } from "../contracts/config/snapshot.ts";
import type { ParseContext } from "../contracts/extension.ts";
import { type AccessLogFilterConfig, parseAccessLogFilter } from "./filter-config.ts";

/** Marks an `ExtensionConfig` that `createAccessLog` takes. */
export const accessLogTypeUrl = "type.googleapis.com/envoy.config.accesslog.v3.AccessLog";

const discoveredLog = "sluice.accesslog.v1.DiscoveredAccessLog";

/** The `config` of such an `ExtensionConfig`: the logger, and when it logs. */
export interface AccessLogConfig {
  readonly logger: ExtensionConfig | DiscoveredExtension;
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
  const { name, filter } = message;
  const logger = parseLogger(message, context);
  const parsedFilter = filter && parseAccessLogFilter(filter);
  if (logger === undefined) return undefined;
  const config: AccessLogConfig = { logger, filter: parsedFilter };
  return { name, typeUrl: accessLogTypeUrl, config };
}

function parseLogger(
  message: AccessLogMessage,
  context: ParseContext,
): ExtensionConfig | DiscoveredExtension | undefined {
  const { name, configType } = message;
  const config = configType.value;
  if (config === undefined || messageNameOfTypeUrl(config.typeUrl) !== discoveredLog) {
    return context.extension("access_logger", name, config, message, "typed_config");
  }
  if (name === "") {
    const text = "is missing; a logger that comes by discovery is asked for by its name";
    context.problem(message, "name", text);
  }
  const discovered = context.unpack(config, message, "typed_config") as
    | DiscoveredAccessLog
    | undefined;
  const source = discovered?.configDiscovery;
  // The rules say that there must be one.
  if (source === undefined) return undefined;
  const discovery = context.extensionDiscovery("access_logger", name, source, false);
  return discovery && { name, discovery };
}
