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
  "envoy.extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder": {
    implemented: [
      "proto_descriptor",
      "proto_descriptor_bin",
      "services",
      "print_options",
      "match_incoming_request_route",
      "ignored_query_parameters",
      "auto_mapping",
      "ignore_unknown_query_parameters",
      "convert_grpc_status",
      "url_unescape_spec",
      "query_param_unescape_plus",
      "match_unregistered_custom_verb",
      "request_validation_options",
      "case_insensitive_enum_parsing",
      "max_request_body_size",
      "max_response_body_size",
      "capture_unknown_query_parameters",
    ],
  },
  "envoy.extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder.PrintOptions": {
    implemented: [
      "add_whitespace",
      "always_print_primitive_fields",
      "always_print_enums_as_ints",
      "preserve_proto_field_names",
      "stream_newline_delimited",
      "stream_sse_style_delimited",
    ],
  },
  "envoy.extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder.RequestValidationOptions":
    {
      implemented: [
        "reject_unknown_method",
        "reject_unknown_query_parameters",
        "reject_binding_body_field_collisions",
      ],
    },
};
