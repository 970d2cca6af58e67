// Runs what host/docs/rate-limits.md says: Redis, the rate limit service of the Envoy project, and Sluice in front.
//   node -C sluice-source test/conformance/ratelimit-redis.ts
// Needs redis-server (or $REDIS_SERVER) and Go, which fetches the service's modules the first time; $RATELIMIT_SERVICE
// names a service that is built already.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { which } from "../bench/lib/child.ts";
import { exchange, rawHttpServer } from "../support/callout-services.ts";
import { freePort, untilListening } from "../support/ports.ts";
import { type Cleanup, scratchFolder, startSluice } from "../support/sluice-process.ts";

const page = readFileSync(new URL("../../host/docs/rate-limits.md", import.meta.url), "utf8");

/** A file that the page shows. */
function fileOf(name: string): string {
  return new RegExp(`\`\`\`yaml file=${name}\\n([^]*?)\`\`\``).exec(page)![1]!;
}

function serviceProgram(folder: string): string {
  const given = process.env["RATELIMIT_SERVICE"];
  if (given !== undefined) return given;
  const [, module] = /^go install (\S+)$/m.exec(page)!;
  const env = { ...process.env, GOBIN: folder };
  const built = spawnSync("go", ["install", module!], { env, stdio: "inherit" });
  assert.equal(built.status, 0, "the service cannot be built");
  return path.join(folder, "service_cmd");
}

async function start(
  cleanup: Cleanup,
  command: readonly string[],
  port: number,
  env: NodeJS.ProcessEnv = {},
): Promise<void> {
  const child = spawn(command[0]!, command.slice(1), {
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "inherit"],
  });
  cleanup.after(() => void child.kill("SIGKILL"));
  await untilListening(port);
}

interface Ports {
  readonly redis: number;
  readonly service: number;
  readonly main: number;
  readonly orders: number;
}

async function startService(cleanup: Cleanup, folder: string, ports: Ports): Promise<void> {
  const redis = process.env["REDIS_SERVER"] ?? which("redis-server");
  if (redis === undefined) {
    console.error("redis-server is not on PATH: nothing was checked");
    process.exit(2);
  }
  const redisArguments = ["--port", String(ports.redis), "--save", "", "--dir", folder];
  await start(cleanup, [redis, ...redisArguments], ports.redis);
  const limits = path.join(folder, "limits/ratelimit/config");
  mkdirSync(limits, { recursive: true });
  writeFileSync(path.join(limits, "limits.yaml"), fileOf("limits.yaml"));
  await start(cleanup, [serviceProgram(folder)], ports.service, {
    REDIS_SOCKET_TYPE: "tcp",
    REDIS_URL: `127.0.0.1:${ports.redis}`,
    USE_STATSD: "false",
    LOG_LEVEL: "warn",
    RUNTIME_ROOT: path.join(folder, "limits"),
    RUNTIME_SUBDIRECTORY: "ratelimit",
    RUNTIME_WATCH_ROOT: "false",
    GRPC_PORT: String(ports.service),
    PORT: String(await freePort()),
    DEBUG_PORT: String(await freePort()),
  });
}

function configOf(ports: Ports): string {
  return fileOf("sluice.yaml")
    .replace("port_value: 10000", `port_value: ${ports.main}`)
    .replace("port_value: 8080", `port_value: ${ports.orders}`)
    .replace("port_value: 8081", `port_value: ${ports.service}`);
}

async function ask(port: number, client: string): Promise<string> {
  const request = `GET / HTTP/1.1\r\nhost: h\r\nx-client: ${client}\r\n\r\n`;
  return await exchange(net.connect(port, "127.0.0.1"), request);
}

async function run(cleanup: Cleanup): Promise<void> {
  const folder = scratchFolder(cleanup);
  const ports: Ports = {
    redis: await freePort(),
    service: await freePort(),
    main: await freePort(),
    orders: await rawHttpServer(cleanup, () => "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
  };
  await startService(cleanup, folder, ports);
  await startSluice(cleanup, { config: configOf(ports), folder });
  await untilListening(ports.main);
  for (const left of [2, 1, 0]) {
    const answer = await ask(ports.main, "a");
    assert.match(answer, /^HTTP\/1.1 200 OK\r\n/);
    assert.match(answer, new RegExp(`\r\nx-ratelimit-remaining: ${left}\r\n`));
  }
  const refused = await ask(ports.main, "a");
  assert.match(refused, /^HTTP\/1.1 429 Too Many Requests\r\n/);
  assert.match(refused, /\r\nx-envoy-ratelimited: true\r\n/);
  assert.match(refused, /\r\nx-ratelimit-limit: 3, 3;w=86400, 1000;w=86400\r\n/);
  assert.match(refused, /\r\nx-ratelimit-remaining: 0\r\n/);
  assert.match(await ask(ports.main, "b"), /^HTTP\/1.1 200 OK\r\n/);
  console.log("3 requests of a client passed, the fourth got 429; another client's passed");
}

const cleanups: (() => void | Promise<void>)[] = [];
try {
  await run({ after: (each) => cleanups.push(each) });
} finally {
  for (const each of cleanups.toReversed()) await each();
}
process.exit(0);
