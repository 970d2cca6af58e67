import net from "node:net";
import path from "node:path";
import type { JsonObject } from "@bufbuild/protobuf";
import { adminAt, statsBelow } from "../../support/admin-stats.ts";
import { type GrpcAnswer, grpcService } from "../../support/callout-services.ts";
import { listenerPorts } from "../../support/listener-ports.ts";
import { freePort } from "../../support/ports.ts";
import { bootstrap, staticCluster, typeUrl } from "../../support/proxy-config.ts";
import { type Cleanup, scratchFolder, startSluice } from "../../support/sluice-process.ts";
import {
  certificate,
  clientIdentity,
  connectTls,
  downstreamTls,
  tlsFile,
} from "../../support/tls.ts";
import {
  flushArguments,
  logged,
  moved,
  stableCheck,
  stableLog,
} from "../../support/callout-recording.ts";

/** One configuration of the network filter, in front of an echo, and one answer of the service. */
export interface ConnectionCase {
  readonly name: string;
  readonly filter?: JsonObject;
  readonly answer: GrpcAnswer;
  readonly slow?: boolean;
  readonly tls?: boolean;
}

const ok = { message: { status: { code: 0 } } };
const matcher = { filter: "ns", path: [{ key: "k" }], value: { present_match: true } };

export const connectionCases: readonly ConnectionCase[] = [
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

export interface ConnectionOutcome {
  readonly checks: unknown[];
  /** What came back of "hello". */
  readonly received: string;
  readonly log: string;
  readonly stats: { readonly [name: string]: number };
}

const type = "type.googleapis.com/envoy.extensions.filters.network";
const format =
  "%RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %DYNAMIC_METADATA(envoy.filters.network.ext_authz)%";

/** Runs the cases one by one against one proxy. */
export async function runConnections(cleanup: Cleanup): Promise<Map<string, ConnectionOutcome>> {
  let checks: unknown[] = [];
  let current: ConnectionCase;
  const grpc = await grpcService(cleanup, {
    path: "/envoy.service.auth.v3.Authorization/Check",
    requestType: "envoy.service.auth.v3.CheckRequest",
    responseType: "envoy.service.auth.v3.CheckResponse",
    answer: (call) => {
      checks.push(stableCheck(call));
      return current.answer;
    },
  });
  const admin = await freePort();
  const log = path.join(scratchFolder(cleanup), "access.log");
  const config = configOf(grpc, admin, log);
  const sluice = await startSluice(cleanup, { config, args: flushArguments() });
  const ports = await listenerPorts(admin);
  const seen: Omit<ConnectionOutcome, "log">[] = [];
  for (const each of connectionCases) {
    current = each;
    checks = [];
    const before = await stats(admin);
    const received = await greet(each, ports.get(each.name)!);
    seen.push({ checks, received, stats: moved(before, await stats(admin)) });
  }
  const lines = await logged(log, connectionCases.length);
  await sluice.stop("SIGKILL");
  return new Map(
    connectionCases.map(({ name }, i) => [name, { ...seen[i]!, log: stableLog(lines[i]!) }]),
  );
}

/** Sends a greeting; gives what came back before the connection ended, which the echo does not do. */
async function greet(each: ConnectionCase, port: number): Promise<string> {
  const socket =
    each.tls === true
      ? await connectTls(port, clientIdentity("client"))
      : net.connect(port, "127.0.0.1");
  let text = "";
  socket.on("error", () => undefined);
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString();
    if (text === "hello") socket.end();
  });
  socket.write("hello");
  // A connection that is refused may be reset: that is an error, and then a close.
  await new Promise((resolve) => socket.on("close", resolve));
  return text;
}

async function stats(admin: number): Promise<Map<string, number>> {
  return statsBelow(admin, "ext_authz.");
}

function configOf(grpc: number, admin: number, log: string): JsonObject {
  const labels = { labels: { team: "blue" } };
  return bootstrap(
    connectionCases.map((each) => listenerOf(each, log)),
    [staticCluster("auth-grpc", [grpc], { http2_protocol_options: {} })],
    { ...adminAt(admin), node: { id: "n", cluster: "c", metadata: labels } },
  );
}

function listenerOf(each: ConnectionCase, log: string): JsonObject {
  const filter = {
    "@type": `${type}.ext_authz.v3.ExtAuthz`,
    stat_prefix: each.name,
    grpc_service: {
      envoy_grpc: { cluster_name: "auth-grpc" },
      timeout: each.slow === true ? "0.1s" : "20s",
    },
    transport_api_version: "V3",
    ...each.filter,
  };
  const tls = downstreamTls({
    tls_certificates: [certificate("server")],
    validation_context: { trusted_ca: { filename: tlsFile("ca-cert.pem") } },
  });
  const inline = { text_format_source: { inline_string: `${format}\n` } };
  return {
    name: each.name,
    address: { socket_address: { address: "127.0.0.1", port_value: 0 } },
    filter_chains: [
      {
        filters: [
          { name: "auth", typed_config: filter },
          { name: "echo", typed_config: { "@type": `${type}.echo.v3.Echo` } },
        ],
        ...(each.tls === true && { transport_socket: tls }),
      },
    ],
    access_log: [
      { name: "log", typed_config: { "@type": typeUrl("fileLog"), path: log, log_format: inline } },
    ],
  };
}
