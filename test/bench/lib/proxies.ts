import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { bootstrap, type BootstrapOptions } from "./bootstrap.ts";
import { Child, cores, nodePath, root, untilReady, which } from "./child.ts";

/** Ports of the benchmark; loopback only. */
export const ports = {
  upstream: 18_100,
  proxy: 18_101,
  admin: 18_102,
  /** Where those peers speak HTTP/2 that cannot find out by themselves what a client speaks. */
  http2Proxy: 18_103,
  http2Upstream: 18_104,
  secureProxy: 18_105,
  /** The listener without filters. */
  plainProxy: 18_106,
} as const;
export const proxyUrl = `http://127.0.0.1:${ports.proxy}`;

/** What gRPC calls send and get: a message of 100 bytes in its frame. */
export const grpcMessage = `\0\0\0\0d${"x".repeat(100)}`;

const folder = mkdtempSync(path.join(tmpdir(), "sluice-bench-"));
// Started by root, nginx serves the body's file as nobody.
chmodSync(folder, 0o755);

/** A file for one run, in a folder that the operating system cleans up. */
export function scratchFile(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

/** The upstream: nginx where it is found, since it costs the load core least; else Node. */
export async function startUpstream(): Promise<Child> {
  const nginx = which("nginx");
  const child =
    nginx === undefined
      ? new Child(cores.load, nodePath, [
          path.join(root, "test/bench/lib/upstream.ts"),
          String(ports.upstream),
        ])
      : new Child(cores.load, nginx, [
          "-c",
          scratchFile("upstream.conf", nginxUpstream()),
          "-e",
          "stderr",
        ]);
  await untilReady(`http://127.0.0.1:${ports.upstream}/`, child);
  return child;
}

export type Peer = "sluice" | "envoy" | "nginx" | "haproxy";

/** The peers that can be run here, Sluice first. */
export function availablePeers(): Peer[] {
  const others = (["envoy", "nginx", "haproxy"] as const).filter(
    (name) => which(name) !== undefined,
  );
  return ["sluice", ...others];
}

/** Where a proxy with these options listens. */
export function urlOf({ portOffset = 0 }: BootstrapOptions): string {
  return `http://127.0.0.1:${ports.proxy + portOffset}`;
}

/** Where it listens without its filters, if its options say so. */
export function plainUrlOf({ portOffset = 0 }: BootstrapOptions): string {
  return `http://127.0.0.1:${ports.plainProxy + portOffset}`;
}

/** Starts a proxy on `ports.proxy` (or where its options say), on the proxies' core, with one worker. */
export async function startProxy(peer: Peer, options: BootstrapOptions = {}): Promise<Child> {
  const child = spawnProxy(peer, options);
  await untilReady(`${urlOf(options)}/`, child);
  return child;
}

function spawnProxy(peer: Peer, options: BootstrapOptions): Child {
  switch (peer) {
    case "sluice":
      return startSluice(options, ["--concurrency", "1"]);
    case "envoy": {
      const file = scratchFile(`envoy${options.portOffset ?? ""}.yaml`, bootstrap(options));
      const args = ["-c", file, "--concurrency", "1", "--disable-hot-restart", "-l", "error"];
      return new Child(cores.proxy, which("envoy")!, args);
    }
    case "nginx":
      return new Child(cores.proxy, which("nginx")!, [
        "-c",
        scratchFile("proxy.conf", nginxProxy()),
        "-e",
        "stderr",
      ]);
    case "haproxy":
      return new Child(cores.proxy, which("haproxy")!, [
        "-f",
        scratchFile("haproxy.cfg", haproxyProxy()),
        "-db",
      ]);
  }
}

/** Where and from what Sluice runs. */
export interface SluiceOptions {
  /** The cores that it gets; the proxy's one unless given. */
  readonly core?: string;
  /** Its `sluice.js`; the checkout's unless given. */
  readonly command?: string;
}

/** Sluice with the same bootstrap file as Envoy. */
export function startSluice(
  options: BootstrapOptions,
  args: readonly string[],
  { core = cores.proxy, command = path.join(root, "host/bin/sluice.js") }: SluiceOptions = {},
): Child {
  const file = scratchFile(`sluice${options.portOffset ?? ""}.yaml`, bootstrap(options));
  return new Child(core, nodePath, [command, "-c", file, ...args]);
}

function nginxUpstream(): string {
  const file = scratchFile("one-megabyte", "x".repeat(1_048_576));
  const small = scratchFile("hundred-kilobytes", "x".repeat(102_400));
  const message = scratchFile("grpc-message", grpcMessage);
  return `daemon off; worker_processes 1; pid ${folder}/upstream.pid; error_log stderr;
events { worker_connections 1024; }
http { access_log off; keepalive_requests 1000000000; keepalive_timeout 600s;
 server { listen 127.0.0.1:${ports.upstream}; listen 127.0.0.1:${ports.http2Upstream} http2;
  location / { default_type text/plain; return 200 "hello world\\n"; }
  location /bench.Echo/ { error_page 418 =200 /grpc-message; return 418; }
  location = /grpc-message { internal; default_type application/grpc; add_trailer grpc-status 0; alias ${message}; }
  location /bytes/102400 { alias ${small}; }
  location /bytes/1048576 { alias ${file}; } } }`;
}

function nginxProxy(): string {
  return `daemon off; worker_processes 1; pid ${folder}/proxy.pid; error_log stderr;
events { worker_connections 1024; }
http { access_log off; keepalive_requests 1000000000; keepalive_timeout 600s;
 upstream u { server 127.0.0.1:${ports.upstream}; keepalive 128; keepalive_requests 1000000000; }
 server { listen 127.0.0.1:${ports.proxy}; listen 127.0.0.1:${ports.http2Proxy} http2;
  location / { proxy_pass http://u; proxy_http_version 1.1; proxy_set_header Connection "";
   proxy_set_header X-Forwarded-Proto http; proxy_set_header X-Request-Id $request_id; } } }`;
}

function haproxyProxy(): string {
  return `global
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 600s
  timeout server 600s
frontend f
  bind 127.0.0.1:${ports.proxy}
  bind 127.0.0.1:${ports.http2Proxy} proto h2
  default_backend b
backend b
  http-reuse always
  server u 127.0.0.1:${ports.upstream}
`;
}
