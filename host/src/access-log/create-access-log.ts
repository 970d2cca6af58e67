import { messageNameOfTypeUrl } from "../common/type-url.ts";
import type { AccessLog, AccessLogType } from "../contracts/access-log.ts";
import type { DiscoveredExtension, ExtensionConfig } from "../contracts/config/snapshot.ts";
import type { AccessLogContext, ExtensionRegistry } from "../contracts/extension.ts";
import type { StreamInfo } from "../contracts/stream-info.ts";
import type { AccessLogConfig } from "./config.ts";
import { DiscoveredAccessLog } from "./discovered-access-log.ts";
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
  const log =
    "discovery" in logger
      ? await discoveredLog(logger, context, registry)
      : await createLogger(logger, context, registry);
  return filter === undefined ? log : new FilteredAccessLog(log, createAccessLogPredicate(filter));
}

async function createLogger(
  logger: ExtensionConfig,
  context: AccessLogContext,
  registry: ExtensionRegistry,
): Promise<AccessLog> {
  const factory = registry.accessLogger(messageNameOfTypeUrl(logger.typeUrl));
  if (factory === undefined) throw new Error(`there is no access logger ${logger.typeUrl}`);
  return factory.createAccessLog(logger.config, context);
}

async function discoveredLog(
  { name, discovery }: DiscoveredExtension,
  context: AccessLogContext,
  registry: ExtensionRegistry,
): Promise<AccessLog> {
  const { worker, stats } = context;
  if (worker === undefined) throw new Error(`the access logger ${name} comes to workers only`);
  const create = (config: ExtensionConfig): Promise<AccessLog> =>
    createLogger(config, context, registry);
  const provider = await worker.extensionConfigs.get(discovery, name, create);
  const scope = stats.scope(`extension_config_discovery.${discovery.category}.${name}`);
  return new DiscoveredAccessLog(provider, scope.counter("extension_config_missing"));
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

  dispose(): void {
    this.#log.dispose?.();
  }
}
