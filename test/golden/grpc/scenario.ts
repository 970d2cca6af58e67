import type { JsonObject } from "@bufbuild/protobuf";
import { bootstrap, httpFilter, httpListener, staticCluster } from "../../support/proxy-config.ts";
import { adminAt } from "../../support/admin-stats.ts";
import { descriptorSet } from "./descriptors.ts";

const filters = "type.googleapis.com/envoy.extensions.filters.http";

const stats = (more: JsonObject): JsonObject =>
  httpFilter("envoy.filters.http.grpc_stats", {
    "@type": `${filters}.grpc_stats.v3.FilterConfig`,
    ...more,
  });
const bridge = (more: JsonObject = {}): JsonObject =>
  httpFilter("envoy.filters.http.grpc_http1_bridge", {
    "@type": `${filters}.grpc_http1_bridge.v3.Config`,
    ...more,
  });
const web = httpFilter("envoy.filters.http.grpc_web", {
  "@type": `${filters}.grpc_web.v3.GrpcWeb`,
});
const transcoder = (more: JsonObject = {}): JsonObject => ({
  "@type": `${filters}.grpc_json_transcoder.v3.GrpcJsonTranscoder`,
  proto_descriptor_bin: descriptorSet.toString("base64"),
  services: ["golden.Library"],
  ...more,
});
const json = (more: JsonObject = {}): JsonObject =>
  httpFilter("envoy.filters.http.grpc_json_transcoder", transcoder(more));

/** The filters in front of the router, by the listener's name, which is also that of its cluster. */
export const listeners: { readonly [name: string]: readonly JsonObject[] } = {
  replies: [],
  stats: [stats({ emit_filter_state: true })],
  all_methods: [stats({ stats_for_all_methods: true, enable_upstream_stats: true })],
  dots: [stats({ stats_for_all_methods: true, replace_dots_in_grpc_service_name: true })],
  allowed: [
    stats({
      individual_method_stats_allowlist: {
        services: [{ name: "a.b.S", method_names: ["Known", "Other"] }],
      },
    }),
  ],
  bridge: [bridge()],
  upgrading: [bridge({ upgrade_protobuf_to_grpc: true, ignore_query_parameters: true })],
  web: [web],
  json: [json()],
  json_routes: [json({ match_incoming_request_route: true })],
  json_print: [
    json({
      print_options: {
        add_whitespace: true,
        always_print_primitive_fields: true,
        always_print_enums_as_ints: true,
        preserve_proto_field_names: true,
      },
    }),
  ],
  json_lines: [json({ print_options: { stream_newline_delimited: true } })],
  json_events: [json({ print_options: { stream_sse_style_delimited: true } })],
  json_lenient: [
    json({
      auto_mapping: true,
      convert_grpc_status: true,
      ignore_unknown_query_parameters: true,
      case_insensitive_enum_parsing: true,
      query_param_unescape_plus: true,
      match_unregistered_custom_verb: true,
      url_unescape_spec: "ALL_CHARACTERS",
    }),
  ],
  json_ignored: [
    json({
      ignored_query_parameters: ["key"],
      url_unescape_spec: "ALL_CHARACTERS_EXCEPT_SLASH",
      capture_unknown_query_parameters: true,
    }),
  ],
  json_strict: [
    json({
      request_validation_options: {
        reject_unknown_method: true,
        reject_unknown_query_parameters: true,
        reject_binding_body_field_collisions: true,
      },
      max_request_body_size: 200,
      max_response_body_size: 200,
    }),
  ],
};

/** Routes of the listener `replies`, which has no filter: what goes wrong on each. */
const failingRoutes: JsonObject[] = [
  ...[204, 301, 400, 401, 403, 404, 408, 409, 413, 429, 500, 502, 503, 504].map((code) => ({
    match: { prefix: `/code/${code}/` },
    direct_response: { status: code, body: { inline_string: `code ${code} ~ 100%\n` } },
  })),
  { match: { prefix: "/empty/" }, direct_response: { status: 403 } },
  { match: { prefix: "/redirect/" }, redirect: { path_redirect: "/elsewhere" } },
  { match: { prefix: "/no/host/" }, route: { cluster: "replies_empty" } },
  { match: { prefix: "/refused/" }, route: { cluster: "refused" } },
  { match: { prefix: "/overflow/" }, route: { cluster: "overflow" } },
  { match: { prefix: "/close/2/" }, route: { cluster: "closing_2" } },
  { match: { prefix: "/close/1/" }, route: { cluster: "closing_1" } },
  { match: { prefix: "/slow/" }, route: { cluster: "replies", timeout: "0.2s" } },
  {
    match: { prefix: "/idle/" },
    route: { cluster: "replies", timeout: "0s", idle_timeout: "0.2s" },
  },
  {
    match: { prefix: "/duration/" },
    route: {
      cluster: "replies",
      timeout: "0s",
      max_stream_duration: { max_stream_duration: "0.2s" },
    },
  },
  {
    match: { prefix: "/deadline/" },
    route: {
      cluster: "replies",
      timeout: "0s",
      max_stream_duration: { grpc_timeout_header_max: "30s" },
    },
  },
  {
    match: { prefix: "/offset/" },
    route: {
      cluster: "replies",
      timeout: "0s",
      max_stream_duration: { grpc_timeout_header_max: "0s", grpc_timeout_header_offset: "0.1s" },
    },
  },
  {
    match: { prefix: "/most/" },
    route: { cluster: "replies", max_grpc_timeout: "30s", grpc_timeout_offset: "0.1s" },
  },
  {
    match: { prefix: "/shortmost/" },
    route: { cluster: "replies", max_grpc_timeout: "0.3s" },
  },
  {
    match: { prefix: "/any/" },
    route: { cluster: "replies", max_grpc_timeout: "0s" },
  },
  { match: { prefix: "/to/" }, route: { cluster: "replies" } },
];

const logFormat =
  "%REQ(x-case)% | %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %GRPC_STATUS% %FILTER_STATE(envoy.filters.http.grpc_stats:TYPED)%";

const usualRoutes = (name: string): JsonObject[] => [
  {
    match: { prefix: "/none/" },
    direct_response: { status: 503, body: { inline_string: "away" } },
  },
  { match: { prefix: "/nowhere/" }, route: { cluster: `${name}_empty` } },
  {
    match: { prefix: "/plain/" },
    route: { cluster: name },
    ...(name.startsWith("json") && {
      typed_per_filter_config: {
        "envoy.filters.http.grpc_json_transcoder": transcoder({ services: [] }),
      },
    }),
  },
  {
    match: { prefix: "/other/" },
    route: { cluster: name },
    ...(name.startsWith("json") && {
      typed_per_filter_config: {
        "envoy.filters.http.grpc_json_transcoder": transcoder({
          auto_mapping: true,
          convert_grpc_status: true,
        }),
      },
    }),
  },
  { match: { prefix: "/" }, route: { cluster: name } },
];

const routesOf = (name: string): JsonObject[] =>
  name === "replies" ? failingRoutes : usualRoutes(name);

export interface ScenarioPorts {
  readonly admin: number;
  readonly upstream: number;
  /** Where nobody listens. */
  readonly refused: number;
  readonly listeners: { readonly [name: string]: number };
}

/** Of Envoy and of Sluice. */
export function scenario(ports: ScenarioPorts, log: string): JsonObject {
  const names = Object.keys(listeners);
  const all = names.map((name) =>
    httpListener({
      name,
      port: ports.listeners[name]!,
      filters: listeners[name]!,
      routes: routesOf(name),
      accessLog: log,
      logFormat,
    }),
  );
  const http2 = { http2_protocol_options: {} };
  const clusters = names.flatMap((name) => [
    staticCluster(name, [ports.upstream], http2),
    staticCluster(`${name}_empty`, [], http2),
  ]);
  const full = { circuit_breakers: { thresholds: [{ max_requests: 0 }] } };
  clusters.push(
    staticCluster("refused", [ports.refused], http2),
    staticCluster("overflow", [ports.upstream], { ...http2, ...full }),
    staticCluster("closing_1", [ports.upstream], http2),
    staticCluster("closing_2", [ports.upstream], http2),
  );
  return bootstrap(all, clusters, adminAt(ports.admin));
}
