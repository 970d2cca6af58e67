// Records what a real Envoy makes of every scenario (or of those named), into one JSON file each.
// Needs `envoy` on the PATH, or $ENVOY:
//   node test/golden/connection-manager/record.ts [name...]
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Scenario, scenarios } from "./scenarios.ts";

const envoy = process.env["ENVOY"] ?? "envoy";
const version = /version: [0-9a-f]+\/([\d.]+)\//.exec(
  spawnSync(envoy, ["--version"]).stdout.toString(),
)![1]!;
const api = "type.googleapis.com/envoy.extensions";

/** Answers with the head it received, or with headers that a proxy treats specially. */
async function upstream(): Promise<net.Server> {
  const server = net.createServer((socket) => {
    let text = "";
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
        const head = text.slice(0, end);
        text = text.slice(end + 4);
        socket.write(answer(head), "latin1");
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

function answer(head: string): string {
  const special = head.includes("/response-headers")
    ? "server: origin\r\ndate: Thu, 01 Jan 1970 00:00:00 GMT\r\nvia: 1.1 origin\r\nx-request-id: theirs\r\n" +
      "keep-alive: timeout=4\r\nproxy-connection: keep-alive\r\nconnection: x-hop\r\nx-hop: 1\r\n" +
      "x-envoy-foo: 1\r\ntrailer: x\r\n"
    : "";
  const body = head.startsWith("HEAD") ? "" : head;
  return `HTTP/1.1 200 OK\r\n${special}content-length: ${head.length}\r\n\r\n${body}`;
}

const portOf = (server: net.Server): number => (server.address() as net.AddressInfo).port;
const address = (port: number): object => ({
  socket_address: { address: "127.0.0.1", port_value: port },
});

function bootstrap(scenario: Scenario, upstreamPort: number, log: string): object {
  const direct = [200, 204, 400, 404, 413, 503].map((status) => ({
    match: { prefix: `/direct/${status}` },
    direct_response: { status, body: { inline_string: status === 204 ? "" : `body ~% ${status}` } },
  }));
  const hcm = {
    "@type": `${api}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "p",
    access_log: [
      {
        name: "file",
        typed_config: {
          "@type": `${api}.access_loggers.file.v3.FileAccessLog`,
          path: log,
          log_format: {
            text_format_source: {
              inline_string:
                "%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%\n",
            },
          },
        },
      },
    ],
    route_config: {
      internal_only_headers: ["x-only-internal"],
      virtual_hosts: [
        {
          name: "v",
          domains: ["*"],
          routes: [...direct, { match: { prefix: "/" }, route: { cluster: "up", timeout: "0s" } }],
        },
      ],
    },
    http_filters: [
      {
        name: "envoy.filters.http.router",
        typed_config: { "@type": `${api}.filters.http.router.v3.Router` },
      },
    ],
    ...scenario.hcm,
  };
  return {
    node: { id: "node-1", cluster: "cluster-1" },
    admin: { address: address(0) },
    static_resources: {
      listeners: [
        {
          address: address(0),
          filter_chains: [{ filters: [{ name: "hcm", typed_config: hcm }] }],
        },
      ],
      clusters: [
        {
          name: "up",
          load_assignment: {
            cluster_name: "up",
            endpoints: [{ lb_endpoints: [{ endpoint: { address: address(upstreamPort) } }] }],
          },
        },
      ],
    },
  };
}

/** One request on a connection of its own; the whole answer as text. */
async function ask(port: number, request: string): Promise<string> {
  const socket = net.connect(port, "127.0.0.1");
  socket.write(request, "latin1");
  let text = "";
  for await (const chunk of socket) {
    text += (chunk as Buffer).toString("latin1");
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) continue;
    const length = /\r\ncontent-length: (\d+)\r\n/.exec(text.slice(0, end + 2));
    if (request.startsWith("HEAD") || text.startsWith("HTTP/1.1 204")) break;
    if (length !== null && text.length - end - 4 >= Number(length[1])) break;
  }
  return text;
}

async function until<T>(get: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (let i = 0; i < 500; i += 1) {
    const value = await get();
    if (value !== undefined) return value;
    await sleep(20);
  }
  throw new Error("Envoy does not come up");
}

async function listenerPort(adminFile: string): Promise<number> {
  const admin = await until(() => {
    try {
      return readFileSync(adminFile, "utf8").trim() || undefined;
    } catch {
      return undefined;
    }
  });
  await until(async () => {
    const ready = await fetch(`http://${admin}/ready`);
    return (await ready.text()).startsWith("LIVE") ? true : undefined;
  });
  const text = await (await fetch(`http://${admin}/listeners`)).text();
  return Number(/:(\d+)\s*$/.exec(text)![1]);
}

async function record(scenario: Scenario, upstreamPort: number): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), "golden-hcm-"));
  const file = path.join(folder, "bootstrap.json");
  const log = path.join(folder, "access.log");
  writeFileSync(file, JSON.stringify(bootstrap(scenario, upstreamPort, log)));
  const flags = ["--disable-hot-restart", "--concurrency", "1", "-l", "error"];
  const flush = ["--file-flush-interval-msec", "20"];
  const admin = ["--admin-address-path", path.join(folder, "admin")];
  const child = spawn(envoy, ["-c", file, ...admin, ...flags, ...flush], { stdio: "inherit" });
  try {
    const port = await listenerPort(path.join(folder, "admin"));
    const cases: object[] = [];
    for (const template of scenario.requests) {
      const request = template.replaceAll("@PORT@", String(port));
      const before = cases.length;
      const text = (await ask(port, request)).replaceAll(`:${port}`, ":@PORT@");
      const line = await until(() => readFileSync(log, "utf8").split("\n")[before] || undefined);
      cases.push({ request: template, answer: stable(text, port), log: line });
    }
    const lines = cases.map((each) => JSON.stringify(each)).join(",\n");
    const text = `{\n"recordedWith": "Envoy ${version}",\n"cases": [\n${lines}\n]}\n`;
    writeFileSync(path.join(import.meta.dirname, `${scenario.name}.json`), text);
    console.log(`${scenario.name}: ${cases.length}`);
  } finally {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  }
}

/** Takes out what differs from run to run. */
function stable(text: string, port: number): string {
  return text
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g, "@UUID@")
    .replaceAll(/\r\ndate: \w+, \d+ \w+ 20[^\r]*/g, "\r\ndate: @DATE@")
    .replaceAll(/x-envoy-upstream-service-time: \d+/g, "x-envoy-upstream-service-time: @MS@")
    .replaceAll(/content-length: \d+/g, (all) =>
      all.endsWith(": 0") ? all : "content-length: @N@",
    )
    .replaceAll(`x-forwarded-port: ${port}`, "x-forwarded-port: @PORT@");
}

const server = await upstream();
const wanted = process.argv.slice(2);
for (const scenario of scenarios) {
  if (wanted.length === 0 || wanted.includes(scenario.name)) await record(scenario, portOf(server));
}
server.close();
process.exit(0);
