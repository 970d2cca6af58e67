import { StreamAccessLog } from "../../access-log/stream-access-log.ts";
import type { FileAppender } from "../../common/file-appender.ts";
import type { AccessLoggerFactory, ExtensionRegistry } from "../../contracts/extension.ts";
import { registry } from "../../extensions/all.ts";
import type { FileAccessLogConfig } from "../../extensions/access-loggers/file/config.ts";
import type { JsonValue } from "../suite/suite.ts";
import type { StreamRecord } from "./proxy.ts";

const fileLog = "envoy.extensions.access_loggers.file.v3.FileAccessLog";

/** The extensions, but what would be logged to files is put into `lines`. */
export function collectingRegistry(lines: string[]): ExtensionRegistry {
  const file = registry.accessLogger(fileLog);
  if (file === undefined) return registry;
  const collecting: AccessLoggerFactory = {
    ...file,
    createAccessLog: (config, context) => {
      const appender = { append: (line: string) => void lines.push(line) };
      const { format } = config as FileAccessLogConfig;
      return new StreamAccessLog(format, appender as unknown as FileAppender, context);
    },
  };
  return {
    ...registry,
    accessLogger: (name) => (name === fileLog ? collecting : registry.accessLogger(name)),
  };
}

/** What a line of the access log says of a request. */
export function recordOf(line: string): StreamRecord {
  const fields = JSON.parse(line) as { readonly [name: string]: unknown };
  return {
    clientPort: Number(fields["port"]),
    details: textOf(fields["details"]),
    flags: textOf(fields["flags"]),
    metadata: groupOf(fields["metadata"]) as { [namespace: string]: JsonValue },
    filterState: groupOf(fields["filter_state"]) as { [name: string]: string },
  };
}

function textOf(value: unknown): string {
  return typeof value === "string" && value !== "-" ? value : "";
}

/** Without what is not there. */
function groupOf(value: unknown): { [name: string]: unknown } {
  if (typeof value !== "object" || value === null) return {};
  const entries = Object.entries(value).filter(([, each]) => each !== null && each !== "-");
  return Object.fromEntries(entries);
}
