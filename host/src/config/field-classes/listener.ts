import type { FieldClassTable } from "./types.ts";

const socketOptions = "options of the listening socket are not supported";

export const listenerFields: FieldClassTable = {
  "envoy.config.listener.v3.Listener": {
    implemented: [
      "name",
      "address",
      "additional_addresses",
      "stat_prefix",
      "filter_chains",
      "default_filter_chain",
      "per_connection_buffer_limit_bytes",
      "listener_filters",
      "listener_filters_timeout",
      "continue_on_listener_filters_timeout",
      "enable_reuse_port",
      "access_log",
      "tcp_backlog_size",
      "metadata",
      "traffic_direction",
      // The value that asks for nothing special is accepted, the other is refused by the parser.
      "bind_to_port",
      "use_original_dst",
      "transparent",
      "freebind",
    ],
    harmless: {
      drain_type: "only decides about draining by failed health checks, which do not exist here",
      max_connections_to_accept_per_socket_event: "one connection is accepted per socket event",
      ignore_global_conn_limit: "there is no global connection limit",
      bypass_overload_manager: "there is no overload manager",
    },
    refused: {
      api_listener: "listeners for an embedding application are not supported",
      connection_balance_config: "moving connections between workers is not supported",
      deprecated_v1: "use bind_to_port",
      enable_mptcp: "Multipath TCP is not supported",
      fcds_config: "filter chains by discovery are not supported; list them in filter_chains",
      filter_chain_matcher:
        "matching trees are not supported; use filter_chain_match of each chain",
      internal_listener: "internal listeners are not supported",
      per_connection_buffer_high_watermark_timeout:
        "closing connections whose buffers stay full is not supported",
      reuse_port: "use enable_reuse_port",
      socket_options: socketOptions,
      stats_matcher: "choosing stats per listener is not supported",
      tcp_fast_open_queue_length: "TCP Fast Open is not supported",
      tcp_keepalive: "keep-alive probes on accepted connections are not supported",
      udp_listener_config: "UDP is not supported",
    },
  },
  "envoy.config.listener.v3.AdditionalAddress": {
    implemented: ["address"],
    refused: {
      socket_options: socketOptions,
      tcp_keepalive: "keep-alive probes on accepted connections are not supported",
    },
  },
  "envoy.config.listener.v3.FilterChain": {
    implemented: [
      "filter_chain_match",
      "filters",
      "name",
      "transport_socket",
      "transport_socket_connect_timeout",
    ],
    harmless: {
      metadata: "nothing here reads a filter chain's metadata",
    },
    refused: {
      on_demand_configuration: "building filter chains on demand is not supported",
      use_proxy_proto: "use the listener filter envoy.filters.listener.proxy_protocol",
    },
  },
  "envoy.config.listener.v3.FilterChainMatch": {
    implemented: [
      "destination_port",
      "prefix_ranges",
      "direct_source_prefix_ranges",
      "source_type",
      "source_prefix_ranges",
      "source_ports",
      "server_names",
      "transport_protocol",
      "application_protocols",
    ],
    refused: {
      address_suffix: "matching address suffixes is not implemented, in Envoy neither",
      suffix_len: "matching address suffixes is not implemented, in Envoy neither",
    },
  },
  "envoy.config.listener.v3.Filter": {
    implemented: ["name", "typed_config", "config_discovery"],
  },
  "envoy.config.listener.v3.ListenerFilter": {
    implemented: ["name", "typed_config", "config_discovery", "filter_disabled"],
  },
  "envoy.config.listener.v3.ListenerFilterChainMatchPredicate": {
    implemented: ["or_match", "and_match", "not_match", "any_match", "destination_port_range"],
  },
  "envoy.config.listener.v3.ListenerFilterChainMatchPredicate.MatchSet": {
    implemented: ["rules"],
  },
  "envoy.config.core.v3.CidrRange": { implemented: ["address_prefix", "prefix_len"] },
  "envoy.type.v3.Int32Range": { implemented: ["start", "end"] },
  "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer": { implemented: [] },
  "envoy.extensions.filters.listener.http_inspector.v3.HttpInspector": { implemented: [] },
};
