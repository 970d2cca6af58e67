// The protos whose messages Sluice reads or writes. What they import is added by the build.

const list = (folder, ...files) => files.map((file) => `${folder}/${file}.proto`);

export const roots = [
  ...list("envoy/config/bootstrap/v3", "bootstrap"),
  ...list("envoy/config/listener/v3", "listener", "listener_components", "api_listener"),
  ...list("envoy/config/cluster/v3", "cluster", "circuit_breaker", "filter", "outlier_detection"),
  ...list("envoy/config/endpoint/v3", "endpoint", "endpoint_components"),
  ...list("envoy/config/route/v3", "route", "route_components", "scoped_route"),
  ...list("envoy/config/accesslog/v3", "accesslog"),
  ...list("envoy/config/core/v3", "substitution_format_string"),
  ...list("envoy/type/matcher/v3", "filter_state", "http_inputs", "node", "path", "struct"),

  ...list("envoy/extensions/filters/listener/http_inspector/v3", "http_inspector"),
  ...list("envoy/extensions/filters/listener/tls_inspector/v3", "tls_inspector"),
  ...list("envoy/extensions/filters/network/http_connection_manager/v3", "http_connection_manager"),
  ...list("envoy/extensions/filters/network/tcp_proxy/v3", "tcp_proxy"),
  ...list("envoy/extensions/filters/network/echo/v3", "echo"),
  ...list("envoy/extensions/filters/network/direct_response/v3", "config"),
  ...list("envoy/extensions/filters/network/wasm/v3", "wasm"),
  ...list("envoy/extensions/filters/http/router/v3", "router"),
  ...list("envoy/extensions/filters/http/lua/v3", "lua"),
  ...list("envoy/extensions/filters/http/upstream_codec/v3", "upstream_codec"),
  ...list("envoy/extensions/filters/http/wasm/v3", "wasm"),
  ...list("envoy/extensions/wasm/v3", "wasm"),
  ...list("envoy/extensions/access_loggers/file/v3", "file"),
  ...list("envoy/extensions/access_loggers/stream/v3", "stream"),
  ...list("envoy/extensions/access_loggers/wasm/v3", "wasm"),
  ...list("envoy/extensions/stat_sinks/wasm/v3", "wasm"),
  ...list("envoy/extensions/transport_sockets/raw_buffer/v3", "raw_buffer"),
  ...list("envoy/extensions/transport_sockets/tls/v3", "tls"),
  ...list("envoy/extensions/upstreams/http/v3", "http_protocol_options"),
  ...list("envoy/extensions/request_id/uuid/v3", "uuid"),

  ...list("envoy/service/discovery/v3", "discovery"),
  ...list("envoy/admin/v3", "clusters", "config_dump", "config_dump_shared", "listeners"),
  ...list("envoy/admin/v3", "memory", "server_info"),

  ...list("xds/type/v3", "typed_struct"),
  ...list("udpa/type/v1", "typed_struct"),
];
