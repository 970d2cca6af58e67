import { canonicalIp } from "../../../common/address.ts";
import type { CidrRange as CidrRangeMessage } from "../../../config/gen/envoy/config/core/v3/address_pb.js";
import type { HttpConnectionManager } from "../../../config/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js";
import type { UuidRequestIdConfig } from "../../../config/gen/envoy/extensions/request_id/uuid/v3/uuid_pb.js";
import type { CidrRange } from "../../../contracts/config/snapshot.ts";
import type { ParseContext } from "../../../contracts/extension.ts";
import type {
  ForwardedClientCertConfig,
  ForwardedConfig,
  RequestIdConfig,
} from "../../../http/connection-manager/config.ts";

/** `ForwardClientCertDetails` by number. */
const clientCertModes = [
  "SANITIZE",
  "FORWARD_ONLY",
  "APPEND_FORWARD",
  "SANITIZE_SET",
  "ALWAYS_FORWARD_ONLY",
] as const;

export function parseForwarded(
  message: HttpConnectionManager,
  context: ParseContext,
): ForwardedConfig {
  const internal = message.internalAddressConfig;
  const scheme = message.schemeHeaderTransformation?.transformation;
  return {
    useRemoteAddress: message.useRemoteAddress ?? false,
    xffNumTrustedHops: message.xffNumTrustedHops,
    skipXffAppend: message.skipXffAppend,
    appendXForwardedPort: message.appendXForwardedPort,
    clientCert: parseClientCert(message),
    schemeToOverwrite: scheme?.case === "schemeToOverwrite" ? scheme.value : "",
    internalAddresses: {
      cidrRanges: parseCidrRanges(internal?.cidrRanges ?? [], context),
      unixSockets: internal?.unixSockets ?? false,
    },
  };
}

function parseClientCert(message: HttpConnectionManager): ForwardedClientCertConfig {
  const details = message.setCurrentClientCertDetails;
  return {
    mode: clientCertModes[message.forwardClientCertDetails] ?? "SANITIZE",
    subject: details?.subject ?? false,
    cert: details?.cert ?? false,
    chain: details?.chain ?? false,
    dns: details?.dns ?? false,
    uri: details?.uri ?? false,
  };
}

function parseCidrRanges(ranges: readonly CidrRangeMessage[], context: ParseContext): CidrRange[] {
  const parsed: CidrRange[] = [];
  for (const range of ranges) {
    const ip = canonicalIp(range.addressPrefix);
    const length = range.prefixLen ?? 0;
    if (ip === undefined) {
      const text = `invalid ip/mask combo '${range.addressPrefix}/${length}' (format is <ip>/<# mask bits>)`;
      context.problem(range, "address_prefix", text);
      continue;
    }
    const bits = ip.family === 4 ? 32 : 128;
    parsed.push({ ...ip, prefixLength: Math.min(length, bits) });
  }
  return parsed;
}

export function parseRequestId(
  message: HttpConnectionManager,
  context: ParseContext,
): RequestIdConfig {
  return {
    generate: message.generateRequestId ?? true,
    preserveExternal: message.preserveExternalRequestId,
    alwaysSetInResponse: message.alwaysSetRequestIdInResponse,
    packTraceReason: parsePackTraceReason(message, context),
  };
}

const uuidTypeName = "envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig";

function parsePackTraceReason(message: HttpConnectionManager, context: ParseContext): boolean {
  const extension = message.requestIdExtension;
  if (extension?.typedConfig === undefined) return true;
  const config = context.unpack(extension.typedConfig, extension, "typed_config");
  if (config === undefined) return true;
  if (config.$typeName !== uuidTypeName) {
    const text = `${config.$typeName} is not supported; the one request id extension is ${uuidTypeName}`;
    context.problem(extension, "typed_config", text);
    return true;
  }
  return (config as UuidRequestIdConfig).packTraceReason ?? true;
}
