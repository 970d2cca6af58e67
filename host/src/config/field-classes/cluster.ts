import type { FieldClassTable } from "./types.ts";

const dns = "only clusters of the DNS types look names up";
const discovery = "endpoints by discovery are not supported; list them in load_assignment";
const http3 = "HTTP/3 is not supported; use http2_protocol_options";
const perHost =
  "other choices of transport sockets are not supported; use transport_socket_matches";
const cache = "is about HTTP/3, which is not supported";
const policy = "is not supported; use lb_policy: ROUND_ROBIN";
const zones = "routing by locality is not supported; all hosts are chosen in turn, by their weight";
const healthChecks =
  "health checking is not supported; mark endpoints by their health_status instead";

export const clusterFields: FieldClassTable = {
  "envoy.config.cluster.v3.Cluster": {
    implemented: [
      "name",
      "alt_stat_name",
      "type",
      "connect_timeout",
      "per_connection_buffer_limit_bytes",
      "lb_policy",
      "load_assignment",
      "circuit_breakers",
      "max_requests_per_connection",
      "common_http_protocol_options",
      "http_protocol_options",
      "http2_protocol_options",
      "typed_extension_protocol_options",
      "common_lb_config",
      "round_robin_lb_config",
      "transport_socket",
      "transport_socket_matches",
      "upstream_http_protocol_options",
      "metadata",
    ],
    harmless: {
      dns_refresh_rate: dns,
      dns_failure_refresh_rate: dns,
      dns_jitter: dns,
      respect_dns_ttl: dns,
      dns_lookup_family: dns,
      dns_resolvers: dns,
      use_tcp_for_dns_lookups: dns,
      dns_resolution_config: dns,
      typed_dns_resolver_config: dns,
      wait_for_warm_on_init: "a STATIC cluster has nothing to wait for",
      cleanup_interval: "only ORIGINAL_DST clusters drop hosts that are not used",
      ignore_health_on_host_removal: "hosts are not health-checked",
      close_connections_on_host_health_failure: "hosts are not health-checked",
      lrs_report_endpoint_metrics: "load reports are not made",
    },
    refused: {
      transport_socket_matcher: perHost,
      cluster_type: "custom cluster types are not supported; use type: STATIC",
      eds_cluster_config: discovery,
      health_checks: healthChecks,
      outlier_detection: "ejecting hosts that fail is not supported",
      protocol_selection:
        "is not supported; use use_downstream_protocol_config of HttpProtocolOptions",
      upstream_bind_config: "binding upstream connections to an address is not supported",
      lb_subset_config: "subsets are not supported",
      ring_hash_lb_config: policy,
      maglev_lb_config: policy,
      original_dst_lb_config: policy,
      least_request_lb_config: policy,
      load_balancing_policy: policy,
      upstream_connection_options: "is not supported; the kernel's settings for TCP apply",
      filters: "network filters upstream are not supported",
      lrs_server: "load reports are not supported",
      track_timeout_budgets: "is not supported",
      upstream_config: "is not supported; requests go upstream as HTTP",
      track_cluster_stats: "is not supported",
      preconnect_policy: "connections are made when they are needed",
      connection_pool_per_downstream_connection: "connections are shared by all clients",
      stats_matcher: "is not supported",
      per_connection_buffer_high_watermark_timeout: "is not supported",
      queuing_policies: "is not supported; requests wait in the order of their arrival",
    },
  },
  "envoy.config.cluster.v3.Cluster.TransportSocketMatch": {
    implemented: ["name", "match", "transport_socket"],
  },
  "envoy.config.cluster.v3.Cluster.CommonLbConfig": {
    implemented: ["healthy_panic_threshold"],
    harmless: {
      update_merge_window: "the hosts of a STATIC cluster change with the whole cluster only",
      ignore_new_hosts_until_first_hc: "hosts are not health-checked",
    },
    refused: {
      zone_aware_lb_config: zones,
      locality_weighted_lb_config: zones,
      close_connections_on_host_set_change: "is not supported; connections end with their host",
      consistent_hashing_lb_config: policy,
      override_host_status: "choosing hosts by override is not supported",
    },
  },
  "envoy.type.v3.Percent": { implemented: ["value"] },
  "envoy.config.cluster.v3.Cluster.RoundRobinLbConfig": {
    implemented: [],
    refused: { slow_start_config: "slow start is not supported" },
  },
  "envoy.config.cluster.v3.CircuitBreakers": {
    implemented: ["thresholds"],
    refused: { per_host_thresholds: "limits per host are not supported; use thresholds" },
  },
  "envoy.config.cluster.v3.CircuitBreakers.Thresholds": {
    implemented: ["priority", "max_connections", "max_pending_requests", "max_requests"],
    harmless: { max_retries: "requests are not retried; /clusters shows the value" },
    refused: {
      retry_budget: "requests are not retried",
      track_remaining: "is not supported",
      max_connection_pools: "is not supported; there is one pool for each host and priority",
    },
  },
  "envoy.config.endpoint.v3.ClusterLoadAssignment": {
    implemented: ["cluster_name", "endpoints", "policy"],
    refused: { named_endpoints: "is not supported; list the endpoints in lb_endpoints" },
  },
  "envoy.config.endpoint.v3.ClusterLoadAssignment.Policy": {
    implemented: ["overprovisioning_factor"],
    refused: {
      drop_overloads: "dropping a share of the requests is not supported",
      endpoint_stale_after: discovery,
      weighted_priority_health: "is not supported; healthy hosts are counted",
    },
  },
  "envoy.config.endpoint.v3.LocalityLbEndpoints": {
    implemented: ["locality", "lb_endpoints", "priority"],
    harmless: {
      load_balancing_weight: "only counts with locality_weighted_lb_config, as in Envoy",
      proximity: "is not used by any policy, as in Envoy",
    },
    refused: {
      metadata: "is not supported; endpoints have metadata",
      load_balancer_endpoints: "is not supported; use lb_endpoints",
      leds_cluster_locality_config: discovery,
    },
  },
  "envoy.config.endpoint.v3.LbEndpoint": {
    implemented: ["endpoint", "health_status", "metadata", "load_balancing_weight"],
    refused: { endpoint_name: "is not supported; use endpoint" },
  },
  "envoy.config.endpoint.v3.Endpoint": {
    implemented: ["address", "hostname"],
    harmless: { health_check_config: "hosts are not health-checked" },
    refused: {
      additional_addresses: "is not supported; make each address an endpoint",
      observability_name: "is not supported; hosts are named by their address",
    },
  },
  "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
    implemented: [
      "common_http_protocol_options",
      "explicit_http_config",
      "use_downstream_protocol_config",
      "auto_config",
      "upstream_http_protocol_options",
      "http_filters",
    ],
    refused: {
      header_validation_config: "is not supported",
      outlier_detection: "ejecting hosts that fail is not supported",
      request_mirror_policies: "mirroring requests is not supported",
      hash_policy: "load balancing by hash is not supported",
      retry_policy: "requests are not retried",
    },
  },
  "envoy.extensions.upstreams.http.v3.HttpProtocolOptions.ExplicitHttpConfig": {
    implemented: ["http_protocol_options", "http2_protocol_options"],
    refused: { http3_protocol_options: http3 },
  },
  "envoy.extensions.upstreams.http.v3.HttpProtocolOptions.UseDownstreamHttpConfig": {
    implemented: ["http_protocol_options", "http2_protocol_options"],
    refused: { http3_protocol_options: http3 },
  },
  "envoy.extensions.upstreams.http.v3.HttpProtocolOptions.AutoHttpConfig": {
    implemented: ["http_protocol_options", "http2_protocol_options"],
    refused: { http3_protocol_options: http3, alternate_protocols_cache_options: cache },
  },
  "envoy.config.core.v3.UpstreamHttpProtocolOptions": {
    implemented: ["auto_sni", "auto_san_validation", "override_auto_sni_header"],
  },
  "envoy.config.core.v3.TransportSocket": { implemented: ["name", "typed_config"] },
  "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer": { implemented: [] },
};
