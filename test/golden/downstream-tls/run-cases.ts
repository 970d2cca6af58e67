import http from "node:http";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type net from "node:net";
import path from "node:path";
import type { JsonObject } from "@bufbuild/protobuf";
import { freePort, untilListening } from "../../support/ports.ts";
import { bootstrap, httpListener, staticCluster, typeUrl } from "../../support/proxy-config.ts";
import { scratchFolder, startSluice, type Cleanup } from "../../support/sluice-process.ts";
import { downstreamTls } from "../../support/tls.ts";
import { type ListenerCase, listeners } from "./cases.ts";
import { type Seen, visit } from "./clients.ts";

/** What is compared of one listener, of Envoy and of Sluice. */
export interface ListenerOutcome {
  readonly clients: { readonly [name: string]: Seen };
  /** Lines of the access logs: of requests and of connections. */
  readonly log: readonly string[];
  /** `listener.<name>.` of TLS and chains, and `http.<name>.` of errors: what is not 0. */
  readonly stats: { readonly [name: string]: number };
}

const requestLine = [
  "request",
  "%RESPONSE_CODE%",
  "%RESPONSE_FLAGS%",
  "%RESPONSE_CODE_DETAILS%",
  "%REQUESTED_SERVER_NAME%",
  "%DOWNSTREAM_TLS_VERSION%",
  "%DOWNSTREAM_TLS_CIPHER%",
  "%DOWNSTREAM_PEER_SUBJECT%",
  "%DOWNSTREAM_PEER_URI_SAN%",
  "%DOWNSTREAM_LOCAL_SUBJECT%",
  "%DOWNSTREAM_PEER_CERT_V_END%",
].join(" ");
const connectionLine = "connection %RESPONSE_FLAGS% %DOWNSTREAM_TRANSPORT_FAILURE_REASON%";

/** Runs all cases on one proxy: Sluice, or what `SLUICE_UNDER_TEST` names. `lines`: how many each log is to have. */
export async function runCases(
  cleanup: Cleanup,
  lines: (name: string) => number,
  args: readonly string[] = [],
  settled: () => Promise<void> = async () => undefined,
): Promise<{ [name: string]: ListenerOutcome }> {
  const folder = scratchFolder(cleanup);
  const ports: number[] = [];
  for (const _ of listeners) ports.push(await freePort());
  const lastPort = await freePort();
  const adminPort = await freePort();
  const upstreamPort = await startUpstream(cleanup);
  const config = bootstrap(
    [
      ...listeners.map((each, index) => listenerOf(each, index, ports[index]!, folder)),
      // Where others look whether it is up already.
      httpListener({ name: "last", port: lastPort }),
    ],
    [staticCluster("upstream", [upstreamPort])],
    { admin: { address: { socket_address: { address: "127.0.0.1", port_value: adminPort } } } },
  );
  await startSluice(cleanup, { config, args: ["--concurrency", "1", ...args] });
  await untilListening(lastPort);
  const seen: { [name: string]: Seen }[] = [];
  for (const [index, { clients }] of listeners.entries()) {
    const outcomes: { [name: string]: Seen } = {};
    for (const client of clients) outcomes[client.name] = await visit(client, ports[index]!);
    seen.push(outcomes);
  }
  await settled();
  const outcomes: { [name: string]: ListenerOutcome } = {};
  for (const [index, { name }] of listeners.entries()) {
    const log = await linesOf(path.join(folder, String(index)), lines(name));
    const stats = await statsOf(adminPort, `l${index}`);
    outcomes[name] = { clients: seen[index]!, log, stats };
  }
  return outcomes;
}

/** Answers with the certificate that it was told of. */
async function startUpstream(cleanup: Cleanup): Promise<number> {
  const server = http.createServer((request, response) => {
    response.end(`xfcc: ${String(request.headers["x-forwarded-client-cert"] ?? "none")}`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanup.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as net.AddressInfo).port;
}

function listenerOf(each: ListenerCase, index: number, port: number, folder: string): JsonObject {
  const file = path.join(folder, String(index));
  const listener = httpListener({
    name: `l${index}`,
    port,
    // So long both wait for the client to close first.
    hcm: {
      delayed_close_timeout: "0.02s",
      access_log: [fileLog(file, requestLine)],
      ...each.hcm,
    },
    listener: { stat_prefix: `l${index}`, access_log: [fileLog(file, connectionLine)] },
  });
  const chain = (listener["filter_chains"] as JsonObject[])[0]!;
  if (each.tls !== undefined) {
    chain["transport_socket"] = {
      ...downstreamTls({}),
      typed_config: { ...(downstreamTls({})["typed_config"] as JsonObject), ...each.tls },
    };
  }
  if (each.serverNames !== undefined) {
    chain["filter_chain_match"] = { server_names: [...each.serverNames] };
    listener["listener_filters"] = [
      {
        name: "tls_inspector",
        typed_config: {
          "@type": typeUrl("envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector"),
        },
      },
    ];
  }
  return listener;
}

function fileLog(file: string, format: string): JsonObject {
  return {
    name: "file",
    typed_config: {
      "@type": typeUrl("fileLog"),
      path: file,
      log_format: { text_format_source: { inline_string: `${format}\n` } },
    },
  };
}

/** Sorted: a connection is logged when it has ended, and the next client may have come before. */
async function linesOf(file: string, count: number): Promise<string[]> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    const lines = readFileSync(file, "latin1").split("\n").slice(0, -1).sort();
    if (lines.length >= count || performance.now() > deadline) return lines;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const compared =
  /^(listener\.l\d+\.(ssl\.(?!curves|sigalgs|certificate)|no_filter_chain_match|downstream_cx_total)|http\.l\d+\.downstream_(cx_ssl_total|cx_protocol_error|rq_total|rq_4xx))/;

async function statsOf(adminPort: number, name: string): Promise<{ [name: string]: number }> {
  const answer = await fetch(`http://127.0.0.1:${adminPort}/stats?filter=\\.${name}\\.`);
  const stats: { [name: string]: number } = {};
  for (const line of (await answer.text()).split("\n").sort()) {
    const [, stat, value] = /^([^:]+): (\d+)$/.exec(line) ?? [];
    if (stat !== undefined && compared.test(stat) && value !== "0") {
      stats[stat.replace(`.${name}.`, ".")] = Number(value);
    }
  }
  return stats;
}
