import type { CommonTlsContext } from "../../../config/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.js";
import type { ParseContext } from "../../../contracts/extension.ts";

/** The file of `key_log`; undefined when there is none. */
export function parseKeyLog(
  common: CommonTlsContext | undefined,
  context: ParseContext,
): string | undefined {
  if (common?.keyLog === undefined) return undefined;
  const { path } = common.keyLog;
  const text = `who reads ${path} can decrypt all connections of this context`;
  context.warning(common.keyLog, "path", text);
  return path;
}
