import type { JsonObject } from "@bufbuild/protobuf";
import { httpListener, staticCluster } from "./proxy-config.ts";
import { downstreamTls, tlsText } from "./tls.ts";

/** `Secret` with a certificate of the test material, written out. */
export function certificateSecret(name: string): JsonObject {
  return {
    tls_certificate: {
      certificate_chain: { inline_string: tlsText(`${name}-cert.pem`) },
      private_key: { inline_string: tlsText(`${name}-key.pem`) },
    },
  };
}

/** `Secret` with ticket keys: each is made of one byte. */
export function ticketKeysSecret(...bytes: number[]): JsonObject {
  const keys = bytes.map((byte) => ({
    inline_bytes: Buffer.alloc(80, byte).toString("base64"),
  }));
  return { session_ticket_keys: { keys } };
}

/** `ConfigSource` of a control plane, which is the cluster `sds`. */
export function grpcSource(more: JsonObject = {}, api: JsonObject = {}): JsonObject {
  return {
    api_config_source: {
      api_type: "GRPC",
      transport_api_version: "V3",
      grpc_services: [{ envoy_grpc: { cluster_name: "sds" } }],
      ...api,
    },
    resource_api_version: "V3",
    ...more,
  };
}

/** The cluster `sds`. */
export function sdsCluster(port: number, more: JsonObject = {}): JsonObject {
  const name = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
  const options = {
    "@type": `type.googleapis.com/${name}`,
    explicit_http_config: { http2_protocol_options: {} },
  };
  return staticCluster("sds", [port], {
    typed_extension_protocol_options: { [name]: options },
    ...more,
  });
}

/** An HTTP listener with TLS that answers every request itself. */
export function tlsListener(
  name: string,
  port: number,
  common: JsonObject,
  more: JsonObject = {},
): JsonObject {
  const answer = { status: 200, body: { inline_string: "hello" } };
  const listener = httpListener({
    name,
    port,
    routes: [{ match: { prefix: "/" }, direct_response: answer }],
    listener: { stat_prefix: name },
  });
  const [chain] = listener["filter_chains"] as JsonObject[];
  chain!["transport_socket"] = downstreamTls(common, more);
  return listener;
}

/** `CommonTlsContext` whose certificate is a secret. */
export function certificateFrom(name: string, source?: JsonObject): JsonObject {
  const config = source === undefined ? { name } : { name, sds_config: source };
  return { tls_certificate_sds_secret_configs: [config] };
}
