import type { FieldClassTable } from "./types.ts";

const tls = "envoy.extensions.transport_sockets.tls.v3";
const discovery = "secrets by discovery are not supported; give the files or the text";
const providers = "certificate providers are not supported; give the files or the text";
const watching = "files are read when the configuration is; reload it when they change";

export const tlsFields: FieldClassTable = {
  [`${tls}.DownstreamTlsContext`]: {
    implemented: [
      "common_tls_context",
      "require_client_certificate",
      "require_sni",
      "disable_stateless_session_resumption",
      "session_timeout",
    ],
    harmless: {
      disable_stateful_session_resumption: "sessions are resumed by tickets only",
    },
    refused: {
      full_scan_certs_on_sni_mismatch: "an unknown server name gets the first certificate",
      ocsp_staple_policy: "OCSP stapling is not supported",
      session_ticket_keys:
        "keys of your own are not supported; all workers share one that the process makes",
      session_ticket_keys_sds_secret_config: discovery,
    },
  },
  [`${tls}.CommonTlsContext`]: {
    implemented: ["tls_params", "tls_certificates", "validation_context", "alpn_protocols"],
    refused: {
      combined_validation_context: discovery,
      custom_handshaker: "other handshakers are not supported",
      key_log: "writing session keys to a file is not supported",
      tls_certificate_certificate_provider: providers,
      tls_certificate_certificate_provider_instance: providers,
      tls_certificate_provider_instance: providers,
      tls_certificate_sds_secret_configs: discovery,
      validation_context_certificate_provider: providers,
      validation_context_certificate_provider_instance: providers,
      validation_context_sds_secret_config: discovery,
    },
  },
  [`${tls}.TlsParameters`]: {
    implemented: [
      "tls_minimum_protocol_version",
      "tls_maximum_protocol_version",
      "cipher_suites",
      "ecdh_curves",
      "signature_algorithms",
    ],
    refused: { compliance_policies: "policies such as FIPS are not supported" },
  },
  [`${tls}.TlsCertificate`]: {
    implemented: ["certificate_chain", "private_key", "password"],
    refused: {
      ocsp_staple: "OCSP stapling is not supported",
      pkcs12: "PKCS #12 is not supported; use certificate_chain and private_key",
      private_key_provider: "private keys elsewhere are not supported; use private_key",
      signed_certificate_timestamp: "signed certificate timestamps are not supported",
      tls_params: "parameters per certificate are not supported; use those of common_tls_context",
      watched_directory: watching,
    },
  },
  [`${tls}.CertificateValidationContext`]: {
    implemented: [
      "trusted_ca",
      "crl",
      "match_typed_subject_alt_names",
      "verify_certificate_hash",
      "verify_certificate_spki",
      "trust_chain_verification",
    ],
    refused: {
      allow_expired_certificate: "accepting expired certificates is not supported",
      ca_certificate_provider_instance: providers,
      custom_validator_config: "other validators are not supported",
      match_subject_alt_names: "use match_typed_subject_alt_names",
      max_verify_depth: "limiting the depth of chains is not supported",
      only_verify_leaf_cert_crl: "revocation lists are needed for every certificate of a chain",
      require_signed_certificate_timestamp: "signed certificate timestamps are not supported",
      suppress_client_ca_list: "clients are always told which authorities are trusted",
      system_root_certs: "name a file with trusted_ca",
      watched_directory: watching,
    },
  },
  [`${tls}.SubjectAltNameMatcher`]: {
    implemented: ["san_type", "matcher"],
    refused: { oid: "OTHER_NAME is not supported" },
  },
  "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector": {
    // `enable_ja3_fingerprinting: true` is refused by the parser.
    implemented: ["initial_read_buffer_size", "enable_ja3_fingerprinting"],
  },
};
