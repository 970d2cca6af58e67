import type { FieldClassTable } from "./types.ts";

const regex =
  "regular expressions are not supported; use exact, prefix, suffix or contains (for paths: path, prefix or " +
  "path_separated_prefix)";
const retries = "retries and hedging are not supported: each request has one attempt";
const mirroring = "mirroring requests is not supported";
const tracing = "tracing is not supported";
const plugins = "is not supported; use cluster, cluster_header or weighted_clusters";
const bufferLimit =
  "a limit per route is not supported; use per_connection_buffer_limit_bytes of the listener";
const internalRedirects = "following redirects is not supported; they reach the client";
const levelFields = [
  "request_headers_to_add",
  "request_headers_to_remove",
  "response_headers_to_add",
  "response_headers_to_remove",
  "typed_per_filter_config",
] as const;

export const routeFields: FieldClassTable = {
  "envoy.config.route.v3.RouteConfiguration": {
    implemented: [
      ...levelFields,
      "name",
      "virtual_hosts",
      "internal_only_headers",
      "most_specific_header_mutations_wins",
      "validate_clusters",
      "max_direct_response_body_size_bytes",
      "ignore_port_in_host_matching",
    ],
    refused: {
      vhds: "virtual hosts by discovery are not supported; list them in virtual_hosts",
      cluster_specifier_plugins: plugins,
      request_mirror_policies: mirroring,
      ignore_path_parameters_in_path_matching:
        "is not supported; paths are matched with their parameters (;name=value)",
      metadata:
        "metadata of a whole table is not supported; virtual hosts and routes have metadata",
      vhost_header: "virtual hosts are chosen by the request's host only",
    },
  },
  "envoy.config.route.v3.VirtualHost": {
    implemented: [
      ...levelFields,
      "name",
      "domains",
      "routes",
      "require_tls",
      "include_request_attempt_count",
      "include_attempt_count_in_response",
      "metadata",
      "rate_limits",
    ],
    refused: {
      matcher: "matching trees are not supported; use routes",
      virtual_clusters: "virtual clusters are not supported",
      cors: "CORS is not supported",
      retry_policy: retries,
      retry_policy_typed_config: retries,
      hedge_policy: retries,
      include_is_timeout_retry_header: retries,
      per_request_buffer_limit_bytes: bufferLimit,
      request_body_buffer_limit: bufferLimit,
      request_mirror_policies: mirroring,
    },
  },
  "envoy.config.route.v3.Route": {
    implemented: [
      ...levelFields,
      "name",
      "match",
      "route",
      "redirect",
      "direct_response",
      "metadata",
    ],
    refused: {
      filter_action: "is not for proxies; use route, redirect or direct_response",
      non_forwarding_action: "is for gRPC servers; use route, redirect or direct_response",
      decorator: tracing,
      tracing,
      per_request_buffer_limit_bytes: bufferLimit,
      request_body_buffer_limit: bufferLimit,
      stat_prefix: "statistics per route are not supported",
    },
  },
  "envoy.config.route.v3.RouteMatch": {
    implemented: [
      "prefix",
      "path",
      "path_separated_prefix",
      "case_sensitive",
      "runtime_fraction",
      "headers",
      "query_parameters",
      "connect_matcher",
      "grpc",
    ],
    refused: {
      safe_regex: regex,
      path_match_policy:
        "URI templates are not supported; use path, prefix or path_separated_prefix",
      tls_context: "TLS is not supported",
      dynamic_metadata: "matching dynamic metadata is not supported",
      filter_state: "matching filter state is not supported",
      cookies: "matching cookies is not supported; match the cookie header",
    },
  },
  "envoy.config.route.v3.RouteMatch.GrpcRouteMatchOptions": { implemented: [] },
  "envoy.config.core.v3.RuntimeFractionalPercent": {
    implemented: ["default_value"],
    harmless: {
      runtime_key: "there is no runtime layer that could hold it: default_value decides",
    },
  },
  "envoy.type.v3.FractionalPercent": { implemented: ["numerator", "denominator"] },
  "envoy.config.route.v3.HeaderMatcher": {
    implemented: [
      "name",
      "exact_match",
      "range_match",
      "present_match",
      "prefix_match",
      "suffix_match",
      "contains_match",
      "string_match",
      "invert_match",
      "treat_missing_header_as_empty",
    ],
    refused: { safe_regex_match: regex },
  },
  "envoy.type.v3.Int64Range": { implemented: ["start", "end"] },
  "envoy.type.matcher.v3.StringMatcher": {
    implemented: ["exact", "prefix", "suffix", "contains", "ignore_case"],
    refused: { safe_regex: regex, custom: "custom matchers are not supported" },
  },
  "envoy.config.route.v3.QueryParameterMatcher": {
    implemented: ["name", "string_match", "present_match"],
  },
  "envoy.config.route.v3.RouteAction": {
    implemented: [
      "cluster",
      "cluster_header",
      "weighted_clusters",
      "cluster_not_found_response_code",
      "prefix_rewrite",
      "host_rewrite_literal",
      "host_rewrite_header",
      "append_x_forwarded_host",
      "timeout",
      "idle_timeout",
      "grpc_timeout_offset",
      "max_grpc_timeout",
      "max_stream_duration",
      "priority",
      "rate_limits",
      "include_vh_rate_limits",
      "upgrade_configs",
    ],
    refused: {
      cluster_specifier_plugin: plugins,
      inline_cluster_specifier_plugin: plugins,
      metadata_match: "choosing hosts by metadata is not supported",
      regex_rewrite: "regular expressions are not supported; use prefix_rewrite",
      path_rewrite_policy: "URI templates are not supported; use prefix_rewrite",
      path_rewrite: "is not supported; use prefix_rewrite",
      host_rewrite: "is not supported; use host_rewrite_literal",
      auto_host_rewrite: "is not supported; use host_rewrite_literal",
      host_rewrite_path_regex: "regular expressions are not supported; use host_rewrite_literal",
      flush_timeout: "is not supported; the stream idle timeout ends responses that are not read",
      early_data_policy: "HTTP/3 is not supported",
      retry_policy: retries,
      retry_policy_typed_config: retries,
      hedge_policy: retries,
      request_mirror_policies: mirroring,
      hash_policy: "load balancing by hash is not supported; clusters are ROUND_ROBIN",
      cors: "CORS is not supported",
      internal_redirect_policy: internalRedirects,
      internal_redirect_action: internalRedirects,
      max_internal_redirects: internalRedirects,
    },
  },
  "envoy.config.route.v3.RouteAction.MaxStreamDuration": {
    implemented: ["max_stream_duration", "grpc_timeout_header_max", "grpc_timeout_header_offset"],
  },
  "envoy.config.route.v3.RouteAction.UpgradeConfig": {
    implemented: ["upgrade_type", "enabled", "connect_config"],
  },
  "envoy.config.route.v3.RouteAction.UpgradeConfig.ConnectConfig": {
    implemented: [],
    refused: {
      proxy_protocol_config: "PROXY protocol headers are not supported",
      allow_post: "is not supported; tunnels are asked for by CONNECT",
    },
  },
  "envoy.config.route.v3.RouteMatch.ConnectMatcher": { implemented: [] },
  "envoy.config.route.v3.WeightedCluster": {
    implemented: ["clusters", "header_name"],
    harmless: {
      total_weight: "the sum of the weights is what counts, as in Envoy",
      runtime_key_prefix: "there is no runtime layer that could hold other weights",
    },
    refused: { use_hash_policy: "load balancing by hash is not supported; use header_name" },
  },
  "envoy.config.route.v3.WeightedCluster.ClusterWeight": {
    implemented: [...levelFields, "name", "cluster_header", "weight", "host_rewrite_literal"],
    refused: { metadata_match: "choosing hosts by metadata is not supported" },
  },
  "envoy.config.route.v3.RedirectAction": {
    implemented: [
      "https_redirect",
      "scheme_redirect",
      "host_redirect",
      "port_redirect",
      "path_redirect",
      "prefix_rewrite",
      "response_code",
      "strip_query",
    ],
    refused: {
      regex_rewrite: "regular expressions are not supported; use prefix_rewrite or path_redirect",
      path_rewrite: "is not supported; use prefix_rewrite or path_redirect",
    },
  },
  "envoy.config.route.v3.DirectResponseAction": {
    implemented: ["status", "body"],
    refused: { body_format: "bodies with operators are not supported; use body" },
  },
  "envoy.config.core.v3.HeaderValueOption": {
    implemented: ["header", "append", "append_action", "keep_empty_value"],
  },
  "envoy.config.core.v3.HeaderValue": {
    // Where a header is for routes, `raw_value` is refused by the parser.
    implemented: ["key", "value", "raw_value"],
  },
  "envoy.config.core.v3.Metadata": {
    implemented: ["filter_metadata"],
    refused: { typed_filter_metadata: "is not supported; use filter_metadata" },
  },
  "envoy.extensions.filters.http.router.v3.Router": {
    implemented: [
      "dynamic_stats",
      "suppress_envoy_headers",
      "respect_expected_rq_timeout",
      "upstream_http_filters",
    ],
    refused: {
      start_child_span: tracing,
      upstream_log: "logs of upstream requests are not supported; use access_log",
      upstream_log_options: "logs of upstream requests are not supported; use access_log",
      strict_check_headers: "is not supported; values that are not valid are ignored",
      suppress_grpc_request_failure_code_stats: "is not supported",
      reject_connect_request_early_data:
        "is not supported; early data waits for the upstream's answer",
    },
  },
  "envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec": { implemented: [] },
};
