import type { FieldClassTable } from "./types.ts";

/** HTTP filters of gRPC as traffic. */
export const grpcFilterFields: FieldClassTable = {
  "envoy.extensions.filters.http.grpc_http1_bridge.v3.Config": {
    implemented: ["upgrade_protobuf_to_grpc", "ignore_query_parameters"],
  },
  "envoy.extensions.filters.http.grpc_stats.v3.FilterConfig": {
    implemented: [
      "emit_filter_state",
      "individual_method_stats_allowlist",
      "stats_for_all_methods",
      "enable_upstream_stats",
      "replace_dots_in_grpc_service_name",
    ],
  },
  "envoy.config.core.v3.GrpcMethodList": { implemented: ["services"] },
  "envoy.config.core.v3.GrpcMethodList.Service": { implemented: ["name", "method_names"] },
  "envoy.extensions.filters.http.grpc_web.v3.GrpcWeb": { implemented: [] },
};
