// Records what a real Envoy answers to every scenario (or to those named), into one JSON file each.
// Needs `envoy` on the PATH, or $ENVOY:
//   node test/golden/routes/record.ts [name...]
import { writeFileSync } from "node:fs";
import { once } from "node:events";
import net from "node:net";
import path from "node:path";
import { envoyVersion, freePort, startEnvoy } from "../running-envoy.ts";
import { type GoldenRequest, type Scenario, scenarios } from "./scenarios.ts";

const version = envoyVersion();

/** Answers with the head it received, and says which cluster it stands for. */
async function echo(cluster: string): Promise<net.Server> {
  const server = net.createServer((socket) => {
    let text = "";
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
        const head = text.slice(0, end);
        text = text.slice(end + 4);
        const headers = `x-cluster: ${cluster}\r\ncontent-length: ${head.length}`;
        socket.write(`HTTP/1.1 200 OK\r\n${headers}\r\n\r\n${head}`, "latin1");
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

const portOf = (server: net.Server): number => (server.address() as net.AddressInfo).port;

function bootstrap(scenario: Scenario, upstreams: Map<string, net.Server>, port: number): object {
  const any = (type: string, more: object = {}) => ({
    "@type": `type.googleapis.com/${type}`,
    ...more,
  });
  const filters = "envoy.extensions.filters";
  const address = (value: number) => ({
    socket_address: { address: "127.0.0.1", port_value: value },
  });
  return {
    static_resources: {
      listeners: [
        {
          address: address(port),
          filter_chains: [
            {
              filters: [
                {
                  name: "hcm",
                  typed_config: any(
                    `${filters}.network.http_connection_manager.v3.HttpConnectionManager`,
                    {
                      stat_prefix: "ingress",
                      generate_request_id: false,
                      route_config: scenario.routeConfig,
                      http_filters: [
                        {
                          name: "envoy.filters.http.router",
                          typed_config: any(`${filters}.http.router.v3.Router`),
                        },
                      ],
                    },
                  ),
                },
              ],
            },
          ],
        },
      ],
      clusters: [...upstreams].map(([name, server]) => ({
        name,
        load_assignment: {
          cluster_name: name,
          endpoints: [{ lb_endpoints: [{ endpoint: { address: address(portOf(server)) } }] }],
        },
      })),
    },
  };
}

/** One request on a connection of its own; the whole answer as text. */
async function ask(port: number, request: GoldenRequest): Promise<string> {
  const socket = net.connect(port, "127.0.0.1");
  const lines = [
    `${request.method ?? "GET"} ${request.path} HTTP/1.1`,
    `host: ${request.host ?? "h.com"}`,
  ];
  for (const [name, value] of request.headers ?? []) lines.push(`${name}: ${value}`);
  socket.write(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  let text = "";
  for await (const chunk of socket) {
    text += (chunk as Buffer).toString("latin1");
    if (complete(text)) break;
  }
  return text;
}

/** True when `text` is a whole response; Envoy leaves the connection open for its delayed close. */
function complete(text: string): boolean {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return false;
  if (/^HTTP\/1.1 (204|304)/.test(text)) return true;
  if (/\r\ntransfer-encoding: chunked\r\n/.test(text)) return text.endsWith("\r\n0\r\n\r\n");
  const length = /\r\ncontent-length: (\d+)\r\n/.exec(text.slice(0, end + 2));
  return length !== null && text.length - end - 4 >= Number(length[1]);
}

const entries = (lines: readonly string[]): [string, string][] =>
  lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });

function outcome(text: string): object {
  const end = text.indexOf("\r\n\r\n");
  const [statusLine, ...lines] = text.slice(0, end).split("\r\n");
  const headers = entries(lines).filter(([name]) => name !== "date" && name !== "connection");
  const body = text.slice(end + 4);
  const status = Number(statusLine!.split(" ")[1]);
  if (!/^[A-Z]+ \S+ HTTP\/1\.1\r\n/.test(body)) return { status, headers, body };
  const [requestLine, ...upstream] = body.split("\r\n");
  const stable = headers.map(([name, value]) =>
    /^(content-length|x-envoy-upstream-service-time)$/.test(name) && /^\d+$/.test(value)
      ? [name, "N"]
      : [name, value],
  );
  return {
    status,
    headers: stable,
    upstream: { path: requestLine!.split(" ")[1], headers: entries(upstream) },
  };
}

async function record(scenario: Scenario, upstreams: Map<string, net.Server>): Promise<void> {
  const port = await freePort();
  const child = await startEnvoy(bootstrap(scenario, upstreams, port), port);
  try {
    const cases = [];
    for (const request of scenario.requests) {
      cases.push(JSON.stringify({ request, outcome: outcome(await ask(port, request)) }));
    }
    const head = `{\n"recordedWith": "Envoy ${version}",\n"routeConfig": ${JSON.stringify(scenario.routeConfig)},\n`;
    const target = path.join(import.meta.dirname, `${scenario.name}.json`);
    writeFileSync(target, `${head}"cases": [\n${cases.join(",\n")}\n]\n}\n`);
  } finally {
    child.kill("SIGKILL");
  }
}

const upstreams = new Map<string, net.Server>();
for (const name of ["a", "b", "c"]) upstreams.set(name, await echo(name));
const wanted = process.argv.slice(2);
const chosen = scenarios.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
for (const scenario of chosen) await record(scenario, upstreams);
for (const server of upstreams.values()) server.close();
process.exit(0);
