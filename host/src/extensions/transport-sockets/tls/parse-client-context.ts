import type {
  CommonTlsContext,
  UpstreamTlsContext,
} from "../../../config/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.js";
import type { ParseContext } from "../../../contracts/extension.ts";
import { fixedMaterial } from "../../../secret/material.ts";
import { parseCertificateSlots, parseValidationSlot } from "../../../secret/parse-slots.ts";
import { ClientMaterial } from "./client-material.ts";
import type { ClientTlsConfig } from "./context-config.ts";
import { parseAlpnProtocols } from "./parse-alpn.ts";
import { parseKeyLog } from "./parse-key-log.ts";
import { clientVersions, parseTlsParameters } from "./parse-parameters.ts";

const maxSessionKeysDefault = 1;

/** `UpstreamTlsContext` to plain data; what OpenSSL would refuse of what is written there is reported here. */
export function parseClientContext(
  message: UpstreamTlsContext,
  context: ParseContext,
): ClientTlsConfig {
  const common = message.commonTlsContext;
  const config: ClientTlsConfig = {
    material: {
      certificates: common === undefined ? [] : parseCertificateSlots(common, context),
      validation: common && parseValidationSlot(common, context),
      ticketKeys: undefined,
    },
    alpnProtocols: parseAlpnProtocols(common, context),
    parameters: parseTlsParameters(common?.tlsParams, clientVersions, context),
    keyLogPath: parseKeyLog(common, context),
    serverName: message.sni,
    usesHostname: message.autoHostSni,
    verifiesServerName: message.autoSniSanValidation,
    maxSessionKeys: message.maxSessionKeys ?? maxSessionKeysDefault,
  };
  context.tlsContext(config.material);
  check(message, config, context);
  if (common !== undefined) tryOut(config, common, context);
  return config;
}

function check(message: UpstreamTlsContext, config: ClientTlsConfig, context: ParseContext): void {
  const { certificates, validation } = config.material;
  if (certificates.length > 1) {
    const text =
      "Multiple TLS certificates are not supported for client contexts; keep one of them";
    context.problem(message.commonTlsContext!, "tls_certificates", text);
  }
  if (message.sni.includes("\0")) {
    context.problem(message, "sni", "SNI names containing NULL-byte are not allowed");
  }
  if (message.enforceRsaKeyUsage === true) {
    const text =
      "OpenSSL alone looks at the key usage of certificates; remove it, or set it to false";
    context.problem(message, "enforce_rsa_key_usage", text);
  }
  if (message.autoSniSanValidation && validation === undefined) {
    const text =
      "'auto_sni_san_validation' was configured without a validation context; give it a trusted_ca";
    context.problem(message, "auto_sni_san_validation", text);
  }
  if (validation?.kind === "fixed" && validation.value.trustedCa === undefined) {
    const { certificateHashes, spkiHashes } = validation.value;
    if (certificateHashes.length > 0 || spkiHashes.length > 0) return;
    const text = "has no trusted_ca and no hashes: the servers' certificates are not verified";
    context.warning(message, "common_tls_context", text);
  }
  if (validation === undefined) {
    const text = "has no validation context: the servers' certificates are not verified";
    context.warning(message, "", text);
  }
}

/** What was not found piece by piece, unless a piece comes later: OpenSSL has the last word here. */
function tryOut(config: ClientTlsConfig, owner: CommonTlsContext, context: ParseContext): void {
  const material = fixedMaterial(config.material);
  if (material === undefined) return;
  try {
    new ClientMaterial(config, material);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    context.problem(owner, "", `OpenSSL does not take this: ${message} (${code ?? "no code"})`);
  }
}
