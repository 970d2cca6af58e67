import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Received, ReceivedBytes, ServerEnvironment } from "../servers/received.ts";
import type { Suite, TestCase } from "../suite/suite.ts";
import { recordOf } from "./access-records.ts";
import { bootstrapOf } from "./bootstrap.ts";
import { EnvoyProcess, freePort, pause } from "./envoy-process.ts";
import type { CasePorts } from "./ports.ts";
import type { ClientSocket, LogLine, Proxy, Refusal, StreamRecord } from "./proxy.ts";
import { createServer } from "./servers.ts";
import { statesOf } from "./states.ts";

/** What is sent has arrived by then, and so has what comes of it at once. */
const graceMs = 60;
/** For what is waited for. */
const waitMs = 30_000;
const pollMs = 5;

/** Servers on ports of their own, for one case. */
class RealServers implements ServerEnvironment {
  readonly requests: Received[] = [];
  readonly connections: ReceivedBytes[] = [];
  readonly ports = new Map<string, number>();
  readonly #servers: net.Server[] = [];
  readonly #sockets = new Set<net.Socket>();
  readonly #timers = new Set<NodeJS.Timeout>();

  async start(suite: Suite, test: TestCase): Promise<void> {
    const ofBytes = suite.chains.network.length > 0;
    for (const [name, script] of test.settings.servers) {
      const fake = createServer(name, script, ofBytes, this);
      if (fake === undefined) {
        this.ports.set(name, await freePort());
        continue;
      }
      const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
        this.#sockets.add(socket);
        fake.serve(socket);
      });
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      this.ports.set(name, (server.address() as net.AddressInfo).port);
      this.#servers.push(server);
    }
  }

  changed(): void {}

  later(ms: number, callback: () => void): void {
    this.#timers.add(setTimeout(callback, ms));
  }

  soon(callback: () => void): void {
    this.later(graceMs / 2, callback);
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const server of this.#servers) server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** A real Envoy with the filters of a suite, for one case. */
export class EnvoyProxy implements Proxy {
  readonly #process: EnvoyProcess;
  readonly #servers: RealServers;
  readonly #ports: CasePorts;
  readonly #folder: string;

  static async start(
    suite: Suite,
    test: TestCase,
    built: ReadonlyMap<string, string>,
  ): Promise<EnvoyProxy | Refusal> {
    const servers = new RealServers();
    await servers.start(suite, test);
    const folder = mkdtempSync(path.join(tmpdir(), "sluice-envoy-"));
    const [listener, admin] = [await freePort(), await freePort()];
    const ports = { listener, admin, servers: servers.ports };
    const accessLog = path.join(folder, "access.log");
    const options = { ports, built, accessLog, ...statesOf(test), isEnvoy: true };
    const config = path.join(folder, "envoy.json");
    writeFileSync(config, JSON.stringify(bootstrapOf(suite, test, options)));
    const proxy = new EnvoyProxy(new EnvoyProcess(config), servers, ports, folder);
    if (await proxy.#process.started([listener, admin])) {
      await pause(graceMs);
      return proxy;
    }
    const problems = proxy.#process.stderr.trim().split("\n").slice(-3);
    await proxy.close();
    return { problems };
  }

  private constructor(
    process: EnvoyProcess,
    servers: RealServers,
    ports: CasePorts,
    folder: string,
  ) {
    this.#process = process;
    this.#servers = servers;
    this.#ports = ports;
    this.#folder = folder;
  }

  get requests(): readonly Received[] {
    return this.#servers.requests;
  }

  get connections(): readonly ReceivedBytes[] {
    return this.#servers.connections;
  }

  async connect(): Promise<ClientSocket> {
    const options = { port: this.#ports.listener, host: "127.0.0.1", allowHalfOpen: true };
    const socket = net.connect({ ...options, noDelay: true });
    // Whoever cares listens, too.
    socket.on("error", () => undefined);
    await once(socket, "connect");
    return Object.assign(socket, { clientPort: socket.localPort! });
  }

  settle(condition: () => boolean): Promise<void> {
    return until(condition, graceMs);
  }

  async waitFor(condition: () => boolean): Promise<void> {
    await until(condition, waitMs);
    await pause(graceMs);
  }

  advance(ms: number): Promise<void> {
    return pause(ms);
  }

  log(): readonly LogLine[] {
    return this.#process.lines();
  }

  async metric(name: string): Promise<number | undefined> {
    const pattern = encodeURIComponent(`^${RegExp.escape(name)}$`);
    const stats = `http://127.0.0.1:${this.#ports.admin}/stats`;
    const text = await textAt(`${stats}?filter=${pattern}`);
    // Histograms tell their count only there.
    const isHistogram = / P0\(|No recorded values/.test(text);
    const value = isHistogram
      ? /_count\{[^}]*\} (\d+)/.exec(await textAt(`${stats}/prometheus?filter=${pattern}`))?.[1]
      : /: (\d+)\n/.exec(text)?.[1];
    return value === undefined ? undefined : Number(value);
  }

  /** Nothing counts there. */
  costs(): undefined {
    return undefined;
  }

  async close(): Promise<readonly StreamRecord[]> {
    await this.#process.end();
    this.#servers.close();
    const file = path.join(this.#folder, "access.log");
    const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
    rmSync(this.#folder, { recursive: true, force: true });
    return lines.filter((line) => line !== "").map(recordOf);
  }
}

async function textAt(url: string): Promise<string> {
  return (await fetch(url)).text();
}

async function until(condition: () => boolean, ms: number): Promise<void> {
  const deadline = performance.now() + ms;
  while (!condition() && performance.now() < deadline) await pause(pollMs);
}
