/** What a guest gets for an attribute; README.md tells how each is encoded. */
export type AttributeType =
  | "string"
  | "int"
  | "uint"
  | "bool"
  | "duration"
  | "timestamp"
  | "map"
  | "message"
  | "state";

/** Attributes without parts: readable in every context that has what they tell of. */
export const topLevelAttributes = {
  plugin_name: "string",
  plugin_root_id: "string",
  plugin_vm_id: "string",
  connection_id: "uint",
} as const satisfies Record<string, AttributeType>;

/** Names of attributes without parts. */
export type TopLevelAttribute = keyof typeof topLevelAttributes;

/** Of a TLS session: of the client's connection, and with the same names of the upstream's. */
const tlsAttributes = {
  tls_version: "string",
  subject_local_certificate: "string",
  subject_peer_certificate: "string",
  uri_san_local_certificate: "string",
  uri_san_peer_certificate: "string",
  dns_san_local_certificate: "string",
  dns_san_peer_certificate: "string",
  sha256_peer_certificate_digest: "string",
} as const satisfies Record<string, AttributeType>;

/** The attributes of each object: the first two parts of a path. What is not here is `NotFound`. */
export const attributes = {
  request: {
    path: "string",
    url_path: "string",
    query: "string",
    host: "string",
    scheme: "string",
    method: "string",
    headers: "map",
    referer: "string",
    useragent: "string",
    id: "string",
    time: "timestamp",
    protocol: "string",
    size: "int",
    total_size: "int",
    headers_bytes: "int",
    duration: "duration",
  },
  response: {
    code: "int",
    code_details: "string",
    flags: "int",
    grpc_status: "int",
    headers: "map",
    trailers: "map",
    size: "int",
    total_size: "int",
    backend_latency: "duration",
  },
  source: { address: "string", port: "int" },
  destination: { address: "string", port: "int" },
  connection: {
    id: "uint",
    mtls: "bool",
    requested_server_name: "string",
    termination_details: "string",
    transport_failure_reason: "string",
    ...tlsAttributes,
  },
  upstream: {
    address: "string",
    port: "int",
    local_address: "string",
    transport_failure_reason: "string",
    locality: "message",
    request_attempt_count: "uint",
    cx_pool_ready_duration: "duration",
    num_endpoints: "uint",
    ...tlsAttributes,
  },
  /** `envoy.config.core.v3.Metadata`, the dynamic one. */
  metadata: { filter_metadata: "map", typed_filter_metadata: "map" },
  xds: {
    node: "message",
    cluster_name: "string",
    cluster_metadata: "message",
    route_name: "string",
    route_metadata: "message",
    virtual_host_name: "string",
    virtual_host_metadata: "message",
    upstream_host_metadata: "message",
    upstream_host_locality_metadata: "message",
    filter_chain_name: "string",
    listener_metadata: "message",
    listener_direction: "int",
  },
} as const satisfies Record<string, Readonly<Record<string, AttributeType>>>;

/** Names of objects with attributes of their own. */
export type AttributeObject = keyof typeof attributes;

/** Names of the attributes of an object. */
export type AttributeName<Name extends AttributeObject> = keyof (typeof attributes)[Name];

/** Objects whose second part is a key that filters choose; its value is what they have put there. */
export const stateObjects = ["filter_state", "upstream_filter_state"] as const;
