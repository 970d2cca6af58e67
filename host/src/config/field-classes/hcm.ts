import type { FieldClassTable } from "./types.ts";

const http3 = "HTTP/3 is not supported; use HTTP/2";
const accessLogOptions = "logging at other times than the end of a stream is not supported";
const inlineRoutes = "is not supported; write the routes into route_config, or name them with rds";

/** The HTTP connection manager. */
export const hcmFields: FieldClassTable = {
  "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager": {
    implemented: [
      // HTTP3 is refused by the parser.
      "codec_type",
      "stat_prefix",
      "route_config",
      "rds",
      "http_filters",
      "add_user_agent",
      "common_http_protocol_options",
      "http_protocol_options",
      "http2_protocol_options",
      "server_name",
      "server_header_transformation",
      "scheme_header_transformation",
      "max_request_headers_kb",
      "stream_idle_timeout",
      "request_timeout",
      "request_headers_timeout",
      "drain_timeout",
      "delayed_close_timeout",
      "access_log",
      "use_remote_address",
      "xff_num_trusted_hops",
      "internal_address_config",
      "skip_xff_append",
      "via",
      "generate_request_id",
      "preserve_external_request_id",
      "always_set_request_id_in_response",
      "forward_client_cert_details",
      "set_current_client_cert_details",
      "proxy_100_continue",
      "normalize_path",
      "merge_slashes",
      "path_with_escaped_slashes_action",
      "request_id_extension",
      "strip_matching_host_port",
      "strip_any_host_port",
      // false is what is always done; true is refused by the parser.
      "stream_error_on_invalid_http_message",
      "strip_trailing_host_dot",
      "append_x_forwarded_port",
      "upgrade_configs",
    ],
    harmless: {
      append_local_overload: "there is no overload manager that could refuse requests",
      add_proxy_protocol_connection_state: "there are no PROXY protocol headers with such a state",
    },
    refused: {
      scoped_routes: inlineRoutes,
      tracing: "tracing is not supported",
      http3_protocol_options: http3,
      access_log_flush_interval: accessLogOptions,
      flush_access_log_on_new_request: accessLogOptions,
      access_log_options: accessLogOptions,
      original_ip_detection_extensions:
        "is not supported; use use_remote_address and xff_num_trusted_hops",
      early_header_mutation_extensions:
        "changing headers before the route is chosen is not supported; use request_headers_to_add of a route",
      forward_client_cert_matcher:
        "choosing by a matcher is not supported; use forward_client_cert_details",
      represent_ipv4_remote_address_as_ipv4_mapped_ipv6: "is not supported",
      local_reply_config: "changing local replies is not supported",
      path_normalization_options: "is not supported; use normalize_path and merge_slashes",
      proxy_status_config: "the proxy-status header is not supported",
      typed_header_validation_config: "is not supported; the built-in rules always hold",
      http1_safe_max_connection_duration: "is not supported",
      stream_flush_timeout: "is not supported; stream_idle_timeout and delayed_close_timeout are",
      drain_timeout_jitter: "is not supported; use drain_timeout alone",
      forward_proto_config: "is not supported; use scheme_header_transformation",
      record_route_resolution_stats: "these stats do not exist",
    },
  },
  "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.SetCurrentClientCertDetails":
    {
      implemented: ["subject", "cert", "chain", "dns", "uri"],
      refused: {
        format: "other forms of x-forwarded-client-cert are not supported",
        issuer: "the issuer is not forwarded",
      },
    },
  "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.InternalAddressConfig":
    { implemented: ["unix_sockets", "cidr_ranges"] },
  "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.UpgradeConfig":
    {
      implemented: ["upgrade_type", "enabled"],
      refused: { filters: "is not supported; the connection manager's http_filters see upgrades" },
    },
  "envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter": {
    implemented: ["name", "typed_config", "config_discovery", "is_optional", "disabled"],
  },
  "envoy.extensions.filters.network.http_connection_manager.v3.RequestIDExtension": {
    implemented: ["typed_config"],
  },
  "envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig": {
    implemented: ["pack_trace_reason"],
    harmless: { use_request_id_for_trace_sampling: "tracing is not supported" },
  },
  "envoy.config.core.v3.SchemeHeaderTransformation": {
    implemented: ["scheme_to_overwrite"],
    refused: {
      match_upstream: "upstream connections are never encrypted; use scheme_to_overwrite",
    },
  },
  // Of clusters, too; what one side cannot do, its parser refuses.
  "envoy.config.core.v3.HttpProtocolOptions": {
    implemented: [
      "idle_timeout",
      "max_connection_duration",
      "max_connection_duration_jitter",
      "max_headers_count",
      "max_response_headers_kb",
      "max_stream_duration",
      "headers_with_underscores_action",
      "max_requests_per_connection",
    ],
  },
  "envoy.config.core.v3.Http1ProtocolOptions": {
    implemented: [
      "allow_absolute_url",
      "accept_http_10",
      "default_host_for_http_10",
      "header_key_format",
      "enable_trailers",
      "allow_chunked_length",
      "override_stream_error_on_invalid_http_message",
    ],
    harmless: { use_balsa_parser: "there is one parser" },
    refused: {
      send_fully_qualified_url: "is not supported; requests go out in origin form",
      allow_custom_methods: "is not supported; methods are those that are registered",
      ignore_http_11_upgrade: "is not supported; upgrades that are not configured are answered 403",
    },
  },
  "envoy.config.core.v3.Http1ProtocolOptions.HeaderKeyFormat": {
    implemented: ["proper_case_words"],
    refused: { stateful_formatter: "is not supported; use proper_case_words" },
  },
  "envoy.extensions.filters.network.http_connection_manager.v3.Rds": {
    implemented: ["config_source", "route_config_name"],
  },
  "envoy.config.core.v3.Http1ProtocolOptions.HeaderKeyFormat.ProperCaseWords": { implemented: [] },
};
