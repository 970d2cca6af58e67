import type {
  CommonTlsContext,
  DownstreamTlsContext,
} from "../../../config/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.js";
import type { ParseContext } from "../../../contracts/extension.ts";
import type { MaterialSlots } from "../../../contracts/secret.ts";
import { fixedMaterial } from "../../../secret/material.ts";
import {
  parseCertificateSlots,
  parseTicketKeysSlot,
  parseValidationSlot,
} from "../../../secret/parse-slots.ts";
import type { ServerTlsConfig } from "./context-config.ts";
import { parseAlpnProtocols } from "./parse-alpn.ts";
import { parseKeyLog } from "./parse-key-log.ts";
import { parseTlsParameters, serverVersions } from "./parse-parameters.ts";
import { checkKeyTypes, ServerContexts } from "./server-contexts.ts";

/** `DownstreamTlsContext` to plain data; what OpenSSL would refuse of what is written there is reported here. */
export function parseServerContext(
  message: DownstreamTlsContext,
  context: ParseContext,
): ServerTlsConfig {
  const common = message.commonTlsContext;
  const material = parseMaterial(message, context);
  if (material.certificates.length === 0 && !hasCertificates(common)) {
    context.problem(
      common ?? message,
      common === undefined ? "common_tls_context" : "tls_certificates",
      "No TLS certificates found for server context",
    );
  }
  if (message.fullScanCertsOnSniMismatch === true) {
    const text = "an unknown server name gets the first certificate; remove it, or set it to false";
    context.problem(message, "full_scan_certs_on_sni_mismatch", text);
  }
  const config: ServerTlsConfig = {
    material,
    alpnProtocols: parseAlpnProtocols(common, context),
    parameters: parseTlsParameters(common?.tlsParams, serverVersions, context),
    keyLogPath: parseKeyLog(common, context),
    requireClientCertificate: message.requireClientCertificate ?? false,
    requireSni: message.requireSni ?? false,
    preferClientCiphers: message.preferClientCiphers,
    sessionTimeoutSeconds: Math.floor(context.durationMs(message.sessionTimeout, 0) / 1000),
  };
  context.tlsContext(material);
  if (common !== undefined) tryOut(config, common, context);
  return config;
}

/** Also when they were wrong, which has been reported. */
function hasCertificates(common: CommonTlsContext | undefined): boolean {
  if (common === undefined) return false;
  return common.tlsCertificates.length > 0 || common.tlsCertificateSdsSecretConfigs.length > 0;
}

function parseMaterial(message: DownstreamTlsContext, context: ParseContext): MaterialSlots {
  const common = message.commonTlsContext;
  return {
    certificates: common === undefined ? [] : parseCertificateSlots(common, context),
    validation: common && parseValidationSlot(common, context),
    ticketKeys: parseTicketKeysSlot(message, context),
  };
}

/** What was not found piece by piece, unless a piece comes later: OpenSSL has the last word here. */
function tryOut(config: ServerTlsConfig, owner: CommonTlsContext, context: ParseContext): void {
  const material = fixedMaterial(config.material);
  if (material === undefined || material.certificates.length === 0) return;
  if (!checkKeyTypes(material.certificates)) {
    const text =
      "certificates with keys of different kinds must all be for the same names; give the others a filter chain " +
      "of their own, with server_names";
    context.problem(owner, "tls_certificates", text);
  }
  try {
    new ServerContexts(config, material);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    context.problem(owner, "", `OpenSSL does not take this: ${message} (${code ?? "no code"})`);
  }
}
