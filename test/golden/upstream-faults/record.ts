// Records how a real Envoy answers when an upstream misbehaves, into faults.json. Needs `envoy` on the PATH, or
// $ENVOY:
//   node test/golden/upstream-faults/record.ts
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { envoyVersion, freePort, startEnvoy } from "../running-envoy.ts";
import {
  type Fault,
  type FaultOutcome,
  faults,
  isStable,
  requestOf,
  stableResponse,
} from "./faults.ts";

const http = "type.googleapis.com/envoy.extensions.filters";
const logFormat = "%RESPONSE_CODE%\t%RESPONSE_FLAGS%\t%RESPONSE_CODE_DETAILS%\n";
const address = (port: number) => ({ socket_address: { address: "127.0.0.1", port_value: port } });

async function upstreamOf(fault: Fault): Promise<{ port: number; close: () => void }> {
  if (fault.behave === undefined) return { port: await freePort(), close: () => undefined };
  const sockets: net.Socket[] = [];
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined).on("end", () => socket.end());
    fault.behave!(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { port: (server.address() as net.AddressInfo).port, close };
}

function bootstrap(fault: Fault, ports: { main: number; admin: number; upstream: number }): object {
  const manager = {
    "@type": `${http}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "ingress",
    access_log: [
      {
        name: "log",
        typed_config: {
          "@type": "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
          log_format: { text_format_source: { inline_string: logFormat } },
        },
      },
    ],
    route_config: {
      virtual_hosts: [
        {
          name: "v",
          domains: ["*"],
          routes: [
            { match: { prefix: "/" }, route: { cluster: "up", timeout: fault.timeout ?? "10s" } },
          ],
        },
      ],
    },
    http_filters: [{ name: "router", typed_config: { "@type": `${http}.http.router.v3.Router` } }],
  };
  const endpoints =
    fault.noHost === true ? [] : [{ endpoint: { address: address(ports.upstream) } }];
  return {
    admin: { address: address(ports.admin) },
    static_resources: {
      listeners: [
        {
          address: address(ports.main),
          filter_chains: [{ filters: [{ name: "hcm", typed_config: manager }] }],
        },
      ],
      clusters: [
        {
          name: "up",
          load_assignment: { cluster_name: "up", endpoints: [{ lb_endpoints: endpoints }] },
          ...fault.cluster,
        },
      ],
    },
  };
}

/** Sends the request and listens until half a second after the last byte. */
async function ask(port: number, request: string): Promise<string> {
  const socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  let text = "";
  let closed = false;
  let last = performance.now();
  socket.on("error", () => (closed = true));
  socket.on("end", () => (closed = true));
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
    last = performance.now();
  });
  socket.write(request, "latin1");
  while (!closed && performance.now() - last < 500) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  socket.destroy();
  return text;
}

const admin = async (port: number, target: string): Promise<string> =>
  (await fetch(`http://127.0.0.1:${port}${target}`)).text();

function clusterStats(text: string): { [name: string]: number } {
  const values: { [name: string]: number } = {};
  for (const [, name, value] of text.matchAll(/^cluster\.up\.(\S+): (\d+)$/gm)) {
    if (isStable(name!) && value !== "0") values[name!] = Number(value);
  }
  return values;
}

function hostStats(text: string): { [name: string]: number } {
  const values: { [name: string]: number } = {};
  for (const [, name, value] of text.matchAll(/^up::127[^:]*:\d+::([cr][xq]_\w+)::(\d+)$/gm)) {
    if (value !== "0") values[name!] = Number(value);
  }
  return values;
}

async function record(fault: Fault): Promise<FaultOutcome> {
  const upstream = await upstreamOf(fault);
  const ports = { main: await freePort(), admin: await freePort(), upstream: upstream.port };
  let log = "";
  const envoy = await startEnvoy(bootstrap(fault, ports), ports.main, (text) => (log += text));
  try {
    const text = await ask(ports.main, requestOf(fault));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const [code, flags, details] = log.trim().split("\t");
    return {
      response: stableResponse(text),
      code: Number(code),
      flags: flags!,
      details: details!,
      clusterStats: clusterStats(await admin(ports.admin, "/stats")),
      hostStats: hostStats(await admin(ports.admin, "/clusters")),
    };
  } finally {
    envoy.kill("SIGKILL");
    upstream.close();
  }
}

/** The lines of `/stats` of a cluster that nothing has happened to. */
async function freshStats(): Promise<string[]> {
  const fault: Fault = { name: "none" };
  const ports = { main: await freePort(), admin: await freePort(), upstream: await freePort() };
  const envoy = await startEnvoy(bootstrap(fault, ports), ports.main);
  const text = await admin(ports.admin, "/stats?filter=^cluster\\.up\\.");
  envoy.kill("SIGKILL");
  return text.trim().split("\n");
}

const outcomes = [];
for (const fault of faults) {
  outcomes.push(`${JSON.stringify(fault.name)}: ${JSON.stringify(await record(fault))}`);
}
const fresh = JSON.stringify(await freshStats());
const text = `{\n"recordedWith": "Envoy ${envoyVersion()}",\n"freshStats": ${fresh},\n"outcomes": {\n${outcomes.join(",\n")}\n}\n}\n`;
writeFileSync(path.join(import.meta.dirname, "faults.json"), text);
process.exit(0);
