import type { FieldClassTable } from "./types.ts";

const tls = "envoy.extensions.transport_sockets.tls.v3";
const providers = "certificate providers are not supported; give the files or the text";

export const tlsFields: FieldClassTable = {
  [`${tls}.DownstreamTlsContext`]: {
    implemented: [
      "common_tls_context",
      "require_client_certificate",
      "require_sni",
      "disable_stateless_session_resumption",
      "session_ticket_keys",
      "session_ticket_keys_sds_secret_config",
      "session_timeout",
      "prefer_client_ciphers",
      // `true` is refused by the parser.
      "full_scan_certs_on_sni_mismatch",
    ],
    harmless: {
      disable_stateful_session_resumption: "sessions are resumed by tickets only",
    },
    refused: {
      ocsp_staple_policy: "OCSP stapling is not supported",
    },
  },
  [`${tls}.UpstreamTlsContext`]: {
    implemented: [
      "common_tls_context",
      "sni",
      "auto_host_sni",
      "auto_sni_san_validation",
      "max_session_keys",
      // `true` is refused by the parser.
      "enforce_rsa_key_usage",
    ],
    refused: {
      allow_renegotiation: "renegotiation is not supported: servers that ask for it are refused",
    },
  },
  [`${tls}.CommonTlsContext`]: {
    implemented: [
      "tls_params",
      "tls_certificates",
      "tls_certificate_sds_secret_configs",
      "validation_context",
      "validation_context_sds_secret_config",
      "combined_validation_context",
      "alpn_protocols",
      "key_log",
    ],
    refused: {
      custom_handshaker: "other handshakers are not supported",
      custom_tls_certificate_selector: "certificates are chosen by the server name",
      tls_certificate_certificate_provider: providers,
      tls_certificate_certificate_provider_instance: providers,
      tls_certificate_provider_instance: providers,
      validation_context_certificate_provider: providers,
      validation_context_certificate_provider_instance: providers,
    },
  },
  [`${tls}.TlsKeyLog`]: {
    implemented: ["path"],
    refused: {
      local_address_range: "the keys of all connections of the context are written",
      remote_address_range: "the keys of all connections of the context are written",
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
    implemented: ["certificate_chain", "private_key", "password", "watched_directory"],
    refused: {
      ocsp_staple: "OCSP stapling is not supported",
      pkcs12: "PKCS #12 is not supported; use certificate_chain and private_key",
      private_key_provider: "private keys elsewhere are not supported; use private_key",
      signed_certificate_timestamp: "signed certificate timestamps are not supported",
      tls_params: "parameters per certificate are not supported; use those of common_tls_context",
    },
  },
  [`${tls}.CertificateValidationContext`]: {
    implemented: [
      "trusted_ca",
      "system_root_certs",
      "max_verify_depth",
      "match_subject_alt_names",
      "crl",
      "match_typed_subject_alt_names",
      "verify_certificate_hash",
      "verify_certificate_spki",
      "trust_chain_verification",
      "watched_directory",
    ],
    refused: {
      allow_expired_certificate: "accepting expired certificates is not supported",
      ca_certificate_provider_instance: providers,
      custom_validator_config: "other validators are not supported",
      only_verify_leaf_cert_crl: "revocation lists are needed for every certificate of a chain",
      require_signed_certificate_timestamp: "signed certificate timestamps are not supported",
      suppress_client_ca_list: "clients are always told which authorities are trusted",
    },
  },
  [`${tls}.CertificateValidationContext.SystemRootCerts`]: { implemented: [] },
  [`${tls}.SubjectAltNameMatcher`]: {
    implemented: ["san_type", "matcher"],
    refused: { oid: "OTHER_NAME is not supported" },
  },
  "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector": {
    // `enable_ja3_fingerprinting: true` is refused by the parser.
    implemented: ["initial_read_buffer_size", "enable_ja3_fingerprinting"],
  },
};
