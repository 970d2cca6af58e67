// Runs the interop tests of Go's gRPC, client and server, through Sluice: in plain text and over TLS on both sides.
//   node -C sluice-source test/differential/grpc-go.ts [case…]
// Client and server are built once, with the Go on the PATH:
//   GOBIN=<folder> go install google.golang.org/grpc/interop/{client,server}@v1.75.0
// and found in $GRPC_INTEROP, else on the PATH as `grpc-interop-client` and `grpc-interop-server`.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { which } from "../bench/lib/child.ts";
import { freePort } from "../support/ports.ts";
import { bootstrap, httpListener, staticCluster } from "../support/proxy-config.ts";
import { type Cleanup, startSluice } from "../support/sluice-process.ts";
import { certificate, downstreamTls, tlsFile, upstreamTls } from "../support/tls.ts";

const version = "v1.75.0";
const cases = [
  "empty_unary",
  "large_unary",
  "client_streaming",
  "server_streaming",
  "ping_pong",
  "empty_stream",
  "timeout_on_sleeping_server",
  "cancel_after_begin",
  "cancel_after_first_response",
  "status_code_and_message",
  "special_status_message",
  "custom_metadata",
  "unimplemented_method",
  "unimplemented_service",
];
const caseMs = 60_000;

function program(name: "client" | "server"): string {
  const folder = process.env["GRPC_INTEROP"];
  const file = folder === undefined ? which(`grpc-interop-${name}`) : path.join(folder, name);
  if (file !== undefined && existsSync(file)) return file;
  console.error(`There is no interop ${name} of Go's gRPC. Build both, and name the folder:
  GOBIN=/somewhere go install google.golang.org/grpc/interop/{client,server}@${version}
  GRPC_INTEROP=/somewhere node -C sluice-source test/differential/grpc-go.ts`);
  process.exit(2);
}

const [client, server] = [program("client"), program("server")];
const endings: (() => void | Promise<void>)[] = [];
const cleanup: Cleanup = { after: (callback) => endings.push(callback) };

async function startServer(more: readonly string[]): Promise<number> {
  const port = await freePort();
  const child: ChildProcess = spawn(server, [`-port=${port}`, ...more], { stdio: "ignore" });
  cleanup.after(() => void child.kill());
  for (let tries = 0; tries < 200 && !(await accepts(port)); tries += 1) await sleep(50);
  return port;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1", () => resolve(true));
    socket.on("error", () => resolve(false)).on("connect", () => socket.destroy());
  });
}

const http2 = { http2_protocol_options: {} };
const plainServer = await startServer([]);
const key = [
  "-tls_cert_file",
  tlsFile("server-cert.pem"),
  "-tls_key_file",
  tlsFile("server-key.pem"),
];
const tlsServer = await startServer(["-use_tls", ...key]);
const [plainPort, tlsPort] = [await freePort(), await freePort()];
const secured = httpListener({
  name: "secured",
  port: tlsPort,
  routes: [{ match: { prefix: "/" }, route: { cluster: "secured", timeout: "0s" } }],
});
const common = { alpn_protocols: ["h2"], tls_certificates: [certificate("server")] };
(secured["filter_chains"] as { transport_socket?: object }[])[0]!.transport_socket =
  downstreamTls(common);
const context = {
  sni: "server.test",
  common_tls_context: {
    alpn_protocols: ["h2"],
    validation_context: { trusted_ca: { filename: tlsFile("ca-cert.pem") } },
  },
};
await startSluice(cleanup, {
  config: bootstrap(
    [
      httpListener({
        port: plainPort,
        routes: [{ match: { prefix: "/" }, route: { cluster: "upstream", timeout: "0s" } }],
      }),
      secured,
    ],
    [
      staticCluster("upstream", [plainServer], http2),
      staticCluster("secured", [tlsServer], { ...http2, transport_socket: upstreamTls(context) }),
    ],
  ),
});

const ofTls = `-server_port ${tlsPort} -use_tls -use_test_ca -server_host_override server.test`;
const sides = {
  "plain text": ["-server_port", String(plainPort)],
  TLS: [...ofTls.split(" "), "-ca_file", tlsFile("ca-cert.pem")],
};
const wanted = process.argv.length > 2 ? process.argv.slice(2) : cases;
let failures = 0;
for (const [side, args] of Object.entries(sides)) {
  for (const name of wanted) {
    const all = ["-server_host", "127.0.0.1", ...args, "-test_case", name];
    const run = spawnSync(client, all, { encoding: "utf8", timeout: caseMs });
    if (run.status === 0) continue;
    failures += 1;
    console.log(`${name}, ${side}: ${run.stderr.trim() || "no end"}`);
  }
}
console.log(`${wanted.length * Object.keys(sides).length} cases, ${failures} failed`);
for (const end of endings.toReversed()) await end();
process.exit(failures === 0 ? 0 : 1);
