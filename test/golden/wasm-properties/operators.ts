import type { Value } from "./scenario.ts";

/** A path whose value the access log prints, too, by an operator. */
export interface Twin {
  readonly path: string;
  readonly operator: string;
  /** What the operator prints for a value of the property. */
  readonly print: (value: Value) => string;
}

const bytes = ([, hex]: Value): Buffer => Buffer.from(hex, "hex");
const text = (value: Value): string => {
  const printed = bytes(value).toString("latin1");
  return value[0] !== 0 || printed === "" ? "-" : printed;
};
const number = (value: Value): string => String(bytes(value).readBigInt64LE(0));
const per =
  (nanoseconds: bigint) =>
  (value: Value): string =>
    String(bytes(value).readBigInt64LE(0) / nanoseconds);

const twin = (path: string, operator: string, print = text): Twin => ({ path, operator, print });

export const twins: readonly Twin[] = [
  twin("request|path", "%REQ(:PATH)%"),
  twin("request|url_path", "%PATH(NQ)%"),
  twin("request|host", "%REQ(:AUTHORITY)%"),
  twin("request|scheme", "%REQ(:SCHEME)%"),
  twin("request|method", "%REQ(:METHOD)%"),
  twin("request|referer", "%REQ(REFERER)%"),
  twin("request|useragent", "%REQ(USER-AGENT)%"),
  twin("request|id", "%REQ(X-REQUEST-ID)%"),
  twin("request|headers|absent", "%REQ(ABSENT)%"),
  twin("request|time", "%START_TIME(%s)%", per(1_000_000_000n)),
  twin("request|protocol", "%PROTOCOL%"),
  twin("request|size", "%BYTES_RECEIVED%", number),
  twin("request|headers_bytes", "%REQUEST_HEADERS_BYTES%", number),
  twin("request|duration", "%DURATION%", per(1_000_000n)),
  twin("response|code", "%RESPONSE_CODE%", number),
  twin("response|code_details", "%RESPONSE_CODE_DETAILS%"),
  twin("response|flags", "%RESPONSE_FLAGS%", (value) => (number(value) === "0" ? "-" : "some")),
  twin("response|headers|x-up", "%RESP(X-UP)%"),
  twin("response|trailers|x-t", "%TRAILER(X-T)%"),
  twin("response|size", "%BYTES_SENT%", number),
  twin("source|address", "%DOWNSTREAM_REMOTE_ADDRESS%"),
  twin("source|port", "%DOWNSTREAM_REMOTE_PORT%", number),
  twin("destination|address", "%DOWNSTREAM_LOCAL_ADDRESS%"),
  twin("destination|port", "%DOWNSTREAM_LOCAL_PORT%", number),
  twin("connection|id", "%CONNECTION_ID%", number),
  twin("connection_id", "%CONNECTION_ID%", number),
  twin("connection|requested_server_name", "%REQUESTED_SERVER_NAME%"),
  twin("connection|termination_details", "%CONNECTION_TERMINATION_DETAILS%"),
  twin("connection|transport_failure_reason", "%DOWNSTREAM_TRANSPORT_FAILURE_REASON%"),
  twin("connection|tls_version", "%DOWNSTREAM_TLS_VERSION%"),
  twin("connection|subject_local_certificate", "%DOWNSTREAM_LOCAL_SUBJECT%"),
  twin("connection|subject_peer_certificate", "%DOWNSTREAM_PEER_SUBJECT%"),
  twin("connection|uri_san_local_certificate", "%DOWNSTREAM_LOCAL_URI_SAN%"),
  twin("connection|uri_san_peer_certificate", "%DOWNSTREAM_PEER_URI_SAN%"),
  twin("connection|dns_san_local_certificate", "%DOWNSTREAM_LOCAL_DNS_SAN%"),
  twin("connection|dns_san_peer_certificate", "%DOWNSTREAM_PEER_DNS_SAN%"),
  twin("connection|sha256_peer_certificate_digest", "%DOWNSTREAM_PEER_FINGERPRINT_256%"),
  twin("upstream|address", "%UPSTREAM_HOST%"),
  twin("upstream|port", "%UPSTREAM_REMOTE_PORT%", number),
  twin("upstream|local_address", "%UPSTREAM_LOCAL_ADDRESS%"),
  twin("upstream|transport_failure_reason", "%UPSTREAM_TRANSPORT_FAILURE_REASON%"),
  twin("upstream|request_attempt_count", "%UPSTREAM_REQUEST_ATTEMPT_COUNT%", number),
  twin("upstream|tls_version", "%UPSTREAM_TLS_VERSION%"),
  twin("upstream|subject_peer_certificate", "%UPSTREAM_PEER_SUBJECT%"),
  twin("upstream|uri_san_local_certificate", "%UPSTREAM_LOCAL_URI_SAN%"),
  twin("upstream|uri_san_peer_certificate", "%UPSTREAM_PEER_URI_SAN%"),
  twin("upstream|dns_san_local_certificate", "%UPSTREAM_LOCAL_DNS_SAN%"),
  twin("upstream|dns_san_peer_certificate", "%UPSTREAM_PEER_DNS_SAN%"),
  twin("metadata|filter_metadata|ns|text", "%DYNAMIC_METADATA(ns:text)%"),
  twin("metadata|filter_metadata|ns|absent", "%DYNAMIC_METADATA(ns:absent)%"),
  twin("filter_state|absent", "%FILTER_STATE(absent:PLAIN)%"),
  twin(
    "upstream|cx_pool_ready_duration",
    "%UPSTREAM_CONNECTION_POOL_READY_DURATION%",
    per(1_000_000n),
  ),
  twin("xds|cluster_name", "%UPSTREAM_CLUSTER%"),
  twin("xds|cluster_metadata|filter_metadata|c|ck", "%CLUSTER_METADATA(c:ck)%"),
  twin("xds|cluster_metadata|filter_metadata|c|ck", "%METADATA(CLUSTER:c:ck)%"),
  twin("xds|route_name", "%ROUTE_NAME%"),
  twin("xds|route_metadata|filter_metadata|r|rk", "%METADATA(ROUTE:r:rk)%"),
  twin("xds|virtual_host_metadata|filter_metadata|v|vk", "%METADATA(VIRTUAL_HOST:v:vk)%"),
  twin("xds|upstream_host_metadata|filter_metadata|h|hk", "%UPSTREAM_METADATA(h:hk)%"),
  twin("xds|filter_chain_name", "%FILTER_CHAIN_NAME%"),
  twin("xds|listener_metadata|filter_metadata|li|lik", "%METADATA(LISTENER:li:lik)%"),
];
