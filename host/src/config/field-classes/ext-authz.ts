import type { FieldClassTable } from "./types.ts";

const regex = "regular expressions are not supported";
const typedMetadata =
  "metadata as messages does not exist here; metadata_context_namespaces has all there is";
const filterState = "the filter puts nothing into the filter state";
const shadow = "denials are carried out; they cannot only be noted";
const spans = "tracing is not supported";
const regexRules = `${regex}; the other rules say which kinds of headers may be changed`;

export const extAuthzFields: FieldClassTable = {
  "envoy.extensions.filters.http.ext_authz.v3.ExtAuthz": {
    implemented: [
      "grpc_service",
      "http_service",
      "transport_api_version",
      "failure_mode_allow",
      "failure_mode_allow_header_add",
      "with_request_body",
      "clear_route_cache",
      "clear_route_cache_headers",
      "status_on_error",
      "validate_mutations",
      "metadata_context_namespaces",
      "route_metadata_context_namespaces",
      "filter_enabled",
      "filter_enabled_metadata",
      "deny_at_disable",
      "include_peer_certificate",
      "include_tls_session",
      "stat_prefix",
      "bootstrap_metadata_labels_key",
      "allowed_headers",
      "disallowed_headers",
      "charge_cluster_response_stats",
      "encode_raw_headers",
      "decoder_header_mutation_rules",
      "enable_dynamic_metadata_ingestion",
      "max_denied_response_body_bytes",
    ],
    refused: {
      typed_metadata_context_namespaces: typedMetadata,
      route_typed_metadata_context_namespaces: typedMetadata,
      filter_metadata: filterState,
      emit_filter_state_stats: filterState,
      enforce_response_header_limits:
        "is not supported; the response's headers are limited as all are",
      shadow_mode: shadow,
      emit_client_span: spans,
    },
  },
  "envoy.extensions.filters.http.ext_authz.v3.BufferSettings": {
    implemented: ["max_request_bytes", "allow_partial_message", "pack_as_bytes"],
  },
  "envoy.extensions.filters.http.ext_authz.v3.HttpService": {
    implemented: [
      "server_uri",
      "path_prefix",
      "path_override",
      "authorization_request",
      "authorization_response",
      "retry_policy",
    ],
  },
  "envoy.extensions.filters.http.ext_authz.v3.AuthorizationRequest": {
    implemented: ["allowed_headers", "headers_to_add"],
  },
  "envoy.extensions.filters.http.ext_authz.v3.AuthorizationResponse": {
    implemented: [
      "allowed_upstream_headers",
      "allowed_upstream_headers_to_append",
      "allowed_client_headers",
      "allowed_client_headers_on_success",
      "dynamic_metadata_from_headers",
    ],
  },
  "envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute": {
    implemented: ["disabled", "check_settings"],
  },
  "envoy.extensions.filters.http.ext_authz.v3.CheckSettings": {
    implemented: [
      "context_extensions",
      "disable_request_body_buffering",
      "with_request_body",
      "grpc_service",
      "http_service",
    ],
    refused: { emit_client_span: spans },
  },
  "envoy.extensions.filters.network.ext_authz.v3.ExtAuthz": {
    implemented: [
      "stat_prefix",
      "grpc_service",
      "failure_mode_allow",
      "include_peer_certificate",
      "transport_api_version",
      "filter_enabled_metadata",
      "bootstrap_metadata_labels_key",
      "include_tls_session",
      "metadata_context_namespaces",
    ],
    refused: {
      send_tls_alert_on_denial: "is not supported; denied connections are closed",
      typed_metadata_context_namespaces: typedMetadata,
      shadow_mode: shadow,
    },
  },
  "envoy.config.common.mutation_rules.v3.HeaderMutationRules": {
    implemented: [
      "allow_all_routing",
      "allow_envoy",
      "disallow_system",
      "disallow_all",
      "disallow_is_error",
    ],
    refused: { allow_expression: regexRules, disallow_expression: regexRules },
  },
  "envoy.config.core.v3.RuntimeFeatureFlag": {
    implemented: ["default_value"],
    harmless: {
      runtime_key: "there is no runtime layer that could hold it: default_value decides",
    },
  },
  "envoy.type.v3.HttpStatus": { implemented: ["code"] },
  "envoy.type.matcher.v3.ListStringMatcher": { implemented: ["patterns"] },
  "envoy.type.matcher.v3.MetadataMatcher": {
    implemented: ["filter", "path", "value", "invert"],
  },
  "envoy.type.matcher.v3.MetadataMatcher.PathSegment": { implemented: ["key"] },
  "envoy.type.matcher.v3.ValueMatcher": {
    implemented: [
      "null_match",
      "double_match",
      "string_match",
      "bool_match",
      "present_match",
      "list_match",
      "or_match",
    ],
  },
  "envoy.type.matcher.v3.ValueMatcher.NullMatch": { implemented: [] },
  "envoy.type.matcher.v3.DoubleMatcher": { implemented: ["range", "exact"] },
  "envoy.type.v3.DoubleRange": { implemented: ["start", "end"] },
  "envoy.type.matcher.v3.ListMatcher": { implemented: ["one_of"] },
  "envoy.type.matcher.v3.OrMatcher": { implemented: ["value_matchers"] },
};
