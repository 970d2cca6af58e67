import type { CommonTlsContext } from "../config/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.js";
import type { ParseContext } from "../contracts/extension.ts";
import type { CertificateConfig, SecretSlot, ValidationConfig } from "../contracts/secret.ts";
import { parseCertificate } from "./parse-certificate.ts";
import { parseValidation } from "./parse-validation.ts";

/** The certificates of a TLS context of either side. Those that are wrong are reported, and left out. */
export function parseCertificateSlots(
  common: CommonTlsContext,
  context: ParseContext,
): SecretSlot<CertificateConfig>[] {
  const slots: SecretSlot<CertificateConfig>[] = [];
  for (const message of common.tlsCertificates) {
    const value = parseCertificate(message, context);
    if (value !== undefined) slots.push({ kind: "fixed", value });
  }
  return slots;
}

/** What a TLS context of either side holds its peers against; undefined when there is nothing. */
export function parseValidationSlot(
  common: CommonTlsContext,
  context: ParseContext,
): SecretSlot<ValidationConfig> | undefined {
  const type = common.validationContextType;
  if (type.case !== "validationContext") return undefined;
  return { kind: "fixed", value: parseValidation(type.value, context) };
}
