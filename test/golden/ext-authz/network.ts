import net from "node:net";
import {
  type ConnectionCase,
  type ConnectionOutcome,
  runConnectionCases,
} from "../../support/callout-connections.ts";
import type { Cleanup } from "../../support/sluice-process.ts";
import {
  certificate,
  clientIdentity,
  connectTls,
  downstreamTls,
  tlsFile,
} from "../../support/tls.ts";

interface AuthConnectionCase extends ConnectionCase {
  readonly tls?: boolean;
}

const ok = { message: { status: { code: 0 } } };
const matcher = { filter: "ns", path: [{ key: "k" }], value: { present_match: true } };

export const connectionCases: readonly AuthConnectionCase[] = [
  { name: "ok", answer: ok },
  { name: "denied", answer: { message: { status: { code: 7 } } } },
  { name: "error", answer: { status: 14 } },
  { name: "error_response", answer: { message: { status: { code: 7 }, error_response: {} } } },
  { name: "no_answer", answer: "nothing", slow: true },
  { name: "let_through", filter: { failure_mode_allow: true }, answer: { status: 14 } },
  {
    name: "metadata",
    answer: { message: { status: {}, dynamic_metadata: { user: "u" } } },
    filter: { metadata_context_namespaces: ["ns"] },
  },
  { name: "disabled", filter: { filter_enabled_metadata: matcher }, answer: ok },
  {
    name: "handshake",
    tls: true,
    filter: {
      include_peer_certificate: true,
      include_tls_session: true,
      bootstrap_metadata_labels_key: "labels",
    },
    answer: ok,
  },
];

export async function runConnections(cleanup: Cleanup): Promise<Map<string, ConnectionOutcome>> {
  return await runConnectionCases(cleanup, {
    cases: connectionCases,
    service: {
      path: "/envoy.service.auth.v3.Authorization/Check",
      requestType: "envoy.service.auth.v3.CheckRequest",
      responseType: "envoy.service.auth.v3.CheckResponse",
    },
    filterName: "envoy.filters.network.ext_authz",
    statsPrefix: "ext_authz.",
    node: { id: "n", cluster: "c", metadata: { labels: { team: "blue" } } },
    filterOf: ({ name }, timeout) => ({
      "@type": "type.googleapis.com/envoy.extensions.filters.network.ext_authz.v3.ExtAuthz",
      stat_prefix: name,
      grpc_service: { envoy_grpc: { cluster_name: "service" }, timeout },
      transport_api_version: "V3",
    }),
    connect: async ({ tls }, port) =>
      tls === true
        ? await connectTls(port, clientIdentity("client"))
        : net.connect(port, "127.0.0.1"),
    transportSocket: ({ tls }) => (tls === true ? serverTls() : undefined),
  });
}

const serverTls = (): ReturnType<typeof downstreamTls> =>
  downstreamTls({
    tls_certificates: [certificate("server")],
    validation_context: { trusted_ca: { filename: tlsFile("ca-cert.pem") } },
  });
