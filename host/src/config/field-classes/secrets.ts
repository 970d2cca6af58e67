import type { FieldClassTable } from "./types.ts";

const tls = "envoy.extensions.transport_sockets.tls.v3";
const providers = "certificate providers are not supported; use SDS";

/** What certificates and keys come in that are not written into a TLS context. */
export const secretFields: FieldClassTable = {
  [`${tls}.SdsSecretConfig`]: { implemented: ["name", "sds_config"] },
  [`${tls}.Secret`]: {
    implemented: ["name", "tls_certificate", "validation_context", "session_ticket_keys"],
    refused: { generic_secret: "nothing here takes generic secrets" },
  },
  [`${tls}.TlsSessionTicketKeys`]: { implemented: ["keys"] },
  [`${tls}.CommonTlsContext.CombinedCertificateValidationContext`]: {
    implemented: ["default_validation_context", "validation_context_sds_secret_config"],
    refused: {
      validation_context_certificate_provider: providers,
      validation_context_certificate_provider_instance: providers,
    },
  },
};
