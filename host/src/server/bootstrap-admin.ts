import { create, toBinary } from "@bufbuild/protobuf";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import { type AccessLogConfig, accessLogTypeUrl } from "../access-log/config.ts";
import { messageNameOfTypeUrl } from "../common/type-url.ts";
import type { ConfigContext } from "../config/context.ts";
import type { Admin, Bootstrap } from "../config/gen/envoy/config/bootstrap/v3/bootstrap_pb.ts";
import { typeUrlOf } from "../config/schema.ts";
import type { Address } from "../contracts/address.ts";
import type { ExtensionConfig } from "../contracts/config/snapshot.ts";
import type { ExtensionRegistry } from "../contracts/extension.ts";
import { parseListenAddress } from "../listener/config-address.ts";

/** `envoy.config.bootstrap.v3.Admin`. */
export interface AdminConfig {
  readonly address: Address;
  readonly accessLogs: readonly ExtensionConfig[];
  /** Those that need a worker. */
  readonly workerAccessLogs: readonly ExtensionConfig[];
}

/** Undefined when there is no admin interface: Envoy has none without an address. */
export function parseAdmin(message: Bootstrap, context: ConfigContext): AdminConfig | undefined {
  const { admin } = message;
  if (!admin) return undefined;
  const logs = admin.accessLog
    .map((log) => context.accessLog(log))
    .concat(admin.accessLogPath === "" ? [] : [fileLog(admin, context)])
    .filter((log) => log !== undefined);
  const address = admin.address && parseListenAddress(admin.address, context);
  const { registry } = context;
  return (
    address && {
      address,
      accessLogs: logs.filter((log) => !needsWorker(log, registry)),
      workerAccessLogs: logs.filter((log) => needsWorker(log, registry)),
    }
  );
}

function needsWorker(log: ExtensionConfig, registry: ExtensionRegistry): boolean {
  const { logger } = log.config as AccessLogConfig;
  if ("discovery" in logger) return true;
  return registry.accessLogger(messageNameOfTypeUrl(logger.typeUrl))?.needsWorker === true;
}

const fileLogName = "envoy.extensions.access_loggers.file.v3.FileAccessLog";

/** The deprecated `access_log_path`: a file access log in Envoy's default format. */
function fileLog(admin: Admin, context: ConfigContext): ExtensionConfig | undefined {
  const desc = context.model.schema.message(fileLogName);
  const config = create(AnySchema, {
    typeUrl: typeUrlOf(fileLogName),
    value: toBinary(desc, create(desc, { path: admin.accessLogPath })),
  });
  const name = "envoy.access_loggers.file";
  const logger = context.extension("access_logger", name, config, admin, "access_log_path");
  return logger && { name, typeUrl: accessLogTypeUrl, config: { logger, filter: undefined } };
}
