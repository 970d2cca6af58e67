import { messageNameOfTypeUrl } from "../common/type-url.ts";
import type { AccessLog, AccessLogType } from "../contracts/access-log.ts";
import type { ExtensionConfig } from "../contracts/config/snapshot.ts";
import type { AccessLogContext, ExtensionRegistry } from "../contracts/extension.ts";
import type { StreamInfo } from "../contracts/stream-info.ts";
import type { AccessLogConfig } from "./config.ts";
import { type AccessLogPredicate, createAccessLogPredicate } from "./filters.ts";

/**
 * What `WorkerContext.createAccessLog` does with what `parseAccessLog` gave. Throws, with a text for the
 * operator, when the file cannot be opened.
 */
export async function createAccessLog(
  config: ExtensionConfig,
  context: AccessLogContext,
  registry: ExtensionRegistry,
): Promise<AccessLog> {
  const { logger, filter } = config.config as AccessLogConfig;
  const factory = registry.accessLogger(messageNameOfTypeUrl(logger.typeUrl));
  if (factory === undefined) throw new Error(`there is no access logger ${logger.typeUrl}`);
  const log = await factory.createAccessLog(logger.config, context);
  return filter === undefined ? log : new FilteredAccessLog(log, createAccessLogPredicate(filter));
}

class FilteredAccessLog implements AccessLog {
  readonly #log: AccessLog;
  readonly #predicate: AccessLogPredicate;

  constructor(log: AccessLog, predicate: AccessLogPredicate) {
    this.#log = log;
    this.#predicate = predicate;
  }

  log(streamInfo: StreamInfo, type: AccessLogType): void {
    if (this.#predicate(streamInfo, type)) this.#log.log(streamInfo, type);
  }
}
