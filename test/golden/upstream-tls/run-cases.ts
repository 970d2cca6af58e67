import http from "node:http";
import { once } from "node:events";
import path from "node:path";
import type { JsonObject } from "@bufbuild/protobuf";
import { freePort, untilListening } from "../../support/ports.ts";
import {
  bootstrap,
  httpFilter,
  httpListener,
  logLines,
  luaConfig,
} from "../../support/proxy-config.ts";
import { scratchFolder, startSluice, type Cleanup } from "../../support/sluice-process.ts";
import { upstreamTls } from "../../support/tls.ts";
import { cases, type TlsCase } from "./cases.ts";
import { startServer } from "./servers.ts";

/** What is compared, of Envoy and of Sluice. */
export interface TlsOutcome {
  readonly requests: readonly RequestOutcome[];
  /** `cluster.<name>.` of TLS and of connections: what is not 0. */
  readonly stats: { readonly [name: string]: number };
}

interface Answer {
  readonly status: number;
  /** What the server saw, or the text of the answer. */
  readonly body: unknown;
}

interface RequestOutcome extends Answer {
  /** By operator; those that print `-` are left out. */
  readonly log: { readonly [operator: string]: string };
}

const operators = [
  "RESPONSE_FLAGS",
  "RESPONSE_CODE_DETAILS",
  "UPSTREAM_TRANSPORT_FAILURE_REASON",
  "UPSTREAM_PROTOCOL",
  "UPSTREAM_TLS_VERSION",
  "UPSTREAM_TLS_CIPHER",
  "UPSTREAM_TLS_SESSION_ID",
  "UPSTREAM_PEER_SUBJECT",
  "UPSTREAM_PEER_ISSUER",
  "UPSTREAM_PEER_CERT",
  "UPSTREAM_PEER_CERT_V_START",
  "UPSTREAM_PEER_CERT_V_END",
  "UPSTREAM_PEER_URI_SAN",
  "UPSTREAM_PEER_DNS_SAN",
  "UPSTREAM_PEER_IP_SAN",
  "UPSTREAM_LOCAL_URI_SAN",
  "UPSTREAM_LOCAL_DNS_SAN",
  "UPSTREAM_LOCAL_IP_SAN",
];

/** Headers whose names begin so become filter state. */
const stateOfHeaders = `
function envoy_on_request(handle)
  for name, value in pairs(handle:headers()) do
    local key = string.match(name, "^state%-(.+)$")
    if key then handle:streamInfo():filterState():set("envoy.network." .. key, "envoy.network." .. key, value) end
  end
end`;

/** Runs all cases on one proxy: Sluice, or what `SLUICE_UNDER_TEST` names. */
export async function runCases(
  cleanup: Cleanup,
  args: readonly string[] = [],
): Promise<{ [name: string]: TlsOutcome }> {
  const port = await freePort();
  const adminPort = await freePort();
  const servers = new Map<string, number>();
  for (const { server } of cases) {
    if (servers.has(server)) continue;
    const { port: serverPort, close } = await startServer(server);
    servers.set(server, serverPort);
    cleanup.after(close);
  }
  const accessLog = path.join(scratchFolder(cleanup), "log");
  const listener = httpListener({
    port,
    filters: [httpFilter("lua", luaConfig(stateOfHeaders))],
    accessLog,
    logFormat: operators.map((name) => `%${name}%`).join("\t"),
    routes: cases.map((_, index) => ({
      match: { prefix: `/${index}/` },
      route: { cluster: `case_${index}` },
    })),
  });
  const clusters = cases.map((tlsCase, index) =>
    clusterOf(tlsCase, `case_${index}`, servers.get(tlsCase.server)!),
  );
  const admin = { address: { socket_address: { address: "127.0.0.1", port_value: adminPort } } };
  const config = bootstrap([listener], clusters, { admin });
  await startSluice(cleanup, {
    config,
    args: ["--concurrency", "1", ...args],
  });
  await untilListening(port);
  const asked: Answer[][] = [];
  for (const [index, { headers, hosts }] of cases.entries()) {
    const answers: Answer[] = [];
    for (const host of hosts ?? ["server.test:8080"]) {
      answers.push(await ask(port, `/${index}/`, { ...headers, host }));
    }
    asked.push(answers);
  }
  // One request followed the other, and so do their lines.
  const lines = await logLines(accessLog, asked.flat().length);
  const outcomes: { [name: string]: TlsOutcome } = {};
  for (const [index, { name }] of cases.entries()) {
    const requests = asked[index]!.map((answer) => ({ ...answer, log: logOf(lines.shift()!) }));
    const stats = await statsOf(adminPort, `case_${index}`);
    outcomes[name] = { requests, stats };
  }
  return outcomes;
}

function clusterOf(tlsCase: TlsCase, name: string, port: number): JsonObject {
  const address = { socket_address: { address: "127.0.0.1", port_value: port } };
  const endpoint = { endpoint: { address, ...tlsCase.endpoint } };
  return {
    name,
    type: "STATIC",
    connect_timeout: "30s",
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [endpoint] }] },
    ...(tlsCase.tls !== undefined && { transport_socket: upstreamTls(tlsCase.tls) }),
    ...(tlsCase.http !== undefined && {
      typed_extension_protocol_options: {
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
          "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
          ...tlsCase.http,
        },
      },
    }),
    ...tlsCase.cluster,
  };
}

async function ask(
  port: number,
  target: string,
  headers: http.OutgoingHttpHeaders,
): Promise<Answer> {
  const request = http.get({ host: "127.0.0.1", port, path: target, headers, agent: false });
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += String(chunk);
  return { status: response.statusCode!, body: text.startsWith("{") ? JSON.parse(text) : text };
}

function logOf(line: string): { [operator: string]: string } {
  const values = line.split("\t");
  const pairs = operators.map((name, i): [string, string] => [name, values[i] ?? ""]);
  const stable = pairs.map(([name, value]): [string, string] => [
    name,
    name === "UPSTREAM_TLS_SESSION_ID" && value !== "-" ? `${value.length} characters` : value,
  ]);
  return Object.fromEntries(stable.filter(([, value]) => value !== "-"));
}

const compared =
  /^(ssl\.(?!certificate\.)|upstream_cx_(total|http|connect_fail|connect_timeout|destroy)|upstream_rq_(total|pending_failure_eject)$)/;

/** When they are all there: a counter that is new is told of a moment later. */
async function statsOf(adminPort: number, cluster: string): Promise<{ [name: string]: number }> {
  const url = `http://127.0.0.1:${adminPort}/stats?filter=^cluster\\.${cluster}\\.`;
  const deadline = performance.now() + 30_000;
  for (;;) {
    const stats = parseStats(await (await fetch(url)).text());
    const versions = Object.keys(stats).filter((name) => name.startsWith("ssl.versions."));
    const known = versions.reduce((sum, name) => sum + stats[name]!, 0);
    if (known === (stats["ssl.handshake"] ?? 0) || performance.now() > deadline) return stats;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function parseStats(text: string): { [name: string]: number } {
  const stats: { [name: string]: number } = {};
  for (const line of text.split("\n").sort()) {
    const [, name, value] = /^cluster\.[^.]+\.([^:]+): (\d+)$/.exec(line) ?? [];
    if (name !== undefined && compared.test(name) && value !== "0") stats[name] = Number(value);
  }
  return stats;
}
