import type { FieldClassTable } from "./types.ts";

const subsets = "choosing hosts by metadata is not supported";
const notInEnvoy = "is not implemented, in Envoy neither; use idle_timeout";

export const networkFilterFields: FieldClassTable = {
  "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy": {
    implemented: [
      "stat_prefix",
      "cluster",
      "weighted_clusters",
      "idle_timeout",
      "access_log",
      "max_connect_attempts",
      "max_downstream_connection_duration",
      "max_downstream_connection_duration_jitter_percentage",
      "backoff_options",
      "access_log_options",
      "access_log_flush_interval",
      "flush_access_log_on_connected",
    ],
    refused: {
      check_drain_close: "connections of a draining listener live until the drain time is over",
      downstream_idle_timeout: notInEnvoy,
      hash_policy: "hashing load balancers are not supported",
      max_early_data_bytes: "reading from the client before the upstream is there is not supported",
      metadata_match: subsets,
      on_demand: "loading clusters on demand is not supported",
      proxy_protocol_tlv_merge_policy: "the PROXY protocol is not supported",
      proxy_protocol_tlvs: "the PROXY protocol is not supported",
      tunneling_config: "tunnelling TCP through HTTP is not supported",
      upstream_connect_mode: "the upstream is connected at once",
      upstream_idle_timeout: notInEnvoy,
    },
  },
  "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.WeightedCluster": {
    implemented: ["clusters"],
  },
  "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.WeightedCluster.ClusterWeight": {
    implemented: ["name", "weight"],
    refused: { metadata_match: subsets },
  },
  "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.TcpAccessLogOptions": {
    implemented: ["access_log_flush_interval", "flush_access_log_on_connected"],
    refused: { flush_access_log_on_start: "logging at the start of a connection is not supported" },
  },
  "envoy.config.core.v3.BackoffStrategy": { implemented: ["base_interval", "max_interval"] },
  "envoy.extensions.filters.network.echo.v3.Echo": { implemented: [] },
  "envoy.extensions.filters.network.direct_response.v3.Config": { implemented: ["response"] },
};
