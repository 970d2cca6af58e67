import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import type { JsonObject } from "@bufbuild/protobuf";
import { adminAt, statsBelow } from "../../support/admin-stats.ts";
import { listenerPorts } from "../../support/listener-ports.ts";
import { freePort } from "../../support/ports.ts";
import { bootstrap, staticCluster, typeUrl, wasmConfig } from "../../support/proxy-config.ts";
import {
  type Cleanup,
  scratchFolder,
  type SluiceProcess,
  startSluice,
} from "../../support/sluice-process.ts";
import type { L4Case, Step } from "./cases.ts";

/** What one connection of a case showed. */
export interface Seen {
  /** What the client got, and how that ended for it. */
  readonly client: string;
  readonly upstream: string;
  /** Lines of the module. */
  readonly log: readonly string[];
}

const wasm = path.resolve(import.meta.dirname, "../../fixtures/wasm");
/** The same filter by SDK. */
export const modules = {
  rust: path.join(wasm, "rust/network.wasm"),
  go: path.join(wasm, "go/network.wasm"),
} as const;
export type ModuleName = keyof typeof modules;

export interface PeerOptions {
  /** Of Envoy; default: Sluice is run. */
  readonly command?: string;
  /** Default: the one that is committed. */
  readonly module?: ModuleName;
}

const patienceMs = 20_000;
const logFormat =
  "%RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %RESPONSE_CODE_DETAILS% %FILTER_STATE(wasm.l4:PLAIN)%\n";

/** A proxy with a listener for each case, and the servers behind it. */
export class L4Peer {
  readonly #process: SluiceProcess;
  readonly #folder: string;
  readonly #admin: number;
  readonly #ports: ReadonlyMap<string, number>;
  readonly #upstream: Upstream;
  /** By case: lines of the module that have been told of, and connections. */
  readonly #told = new Map<string, number>();
  readonly #connections = new Map<string, number>();

  static async start(
    cleanup: Cleanup,
    cases: readonly L4Case[],
    options: PeerOptions = {},
  ): Promise<L4Peer> {
    const { command, module = "rust" } = options;
    const upstream = await Upstream.start();
    cleanup.after(() => upstream.close());
    const folder = scratchFolder(cleanup);
    const admin = await freePort();
    const config = bootstrap(
      cases.map((each) => listenerOf(each, modules[module], folder)),
      [
        staticCluster("upstream", [upstream.port]),
        staticCluster("callout", [upstream.calloutPort]),
      ],
      adminAt(admin),
    );
    const process = await startSluice(cleanup, {
      folder,
      config,
      args: ["--concurrency", "1", "-l", "info"],
      ...(command !== undefined && {
        program: [
          command,
          "--disable-hot-restart",
          "--file-flush-interval-msec",
          "10",
          "--log-format",
          "[%Y-%m-%d %T.%e][%t][%l][%n] %v",
        ],
      }),
    });
    return new L4Peer(process, folder, admin, await listenerPorts(admin), upstream);
  }

  private constructor(
    process: SluiceProcess,
    folder: string,
    admin: number,
    ports: ReadonlyMap<string, number>,
    upstream: Upstream,
  ) {
    this.#process = process;
    this.#admin = admin;
    this.#folder = folder;
    this.#ports = ports;
    this.#upstream = upstream;
  }

  async run(each: L4Case): Promise<Seen[]> {
    const seen: Seen[] = [];
    seen.push(await this.#connection(each, each.steps));
    if (each.next !== undefined) seen.push(await this.#connection(each, each.next));
    return seen;
  }

  /** Counters and gauges whose names begin so, by what stands behind it. */
  stats(prefix: string): Promise<Map<string, number>> {
    return statsBelow(this.#admin, prefix);
  }

  /** Lines of the listeners' access logs, by case; once all cases have been run. */
  async accessLogs(): Promise<{ [name: string]: string[] }> {
    const logs: { [name: string]: string[] } = {};
    for (const [name, count] of this.#connections) {
      await this.#until(() => this.#accessLines(name).length >= count, `${name}: access log`);
      logs[name] = this.#accessLines(name);
    }
    return logs;
  }

  async #connection(each: L4Case, steps: readonly Step[]): Promise<Seen> {
    const { name } = each;
    const from = this.#told.get(name) ?? this.#lines(name).filter((line) => line === "").length;
    const count = (this.#connections.get(name) ?? 0) + 1;
    this.#connections.set(name, count);
    this.#upstream.reset();
    const socket = net.connect({
      port: this.#ports.get(name)!,
      host: "127.0.0.1",
      allowHalfOpen: true,
      noDelay: true,
    });
    const client = new End(socket);
    for (const step of steps) {
      await this.#step(step, client, () => this.#lines(name).slice(from));
    }
    const clientShown = client.show();
    socket.destroy();
    await this.#untilDestroyed(name, count);
    if (each.silentEnd !== true) {
      await this.#until(
        () => ["done", "log"].every((line) => this.#lines(name).slice(from).includes(line)),
        `${name}: end`,
      );
    }
    await this.#until(() => this.#upstream.isOver, `${name}: upstream's end`);
    const lines = this.#lines(name);
    this.#told.set(name, lines.length);
    return {
      client: clientShown,
      upstream: this.#upstream.show(),
      log: lines.slice(from).map((line) => withoutPorts(line)),
    };
  }

  async #step(step: Step, client: End, lines: () => string[]): Promise<void> {
    if (step === "go") return this.#upstream.answer();
    const [, verb = "", text = ""] = /^(c>|c<|u>|u<|log) ([^]*)$/.exec(step) ?? [];
    if (verb === "log") {
      await this.#until(() => lines().some((line) => line.startsWith(text)), step);
      return;
    }
    const isClient = verb.startsWith("c");
    if (!isClient) await this.#until(() => this.#upstream.end !== undefined, step);
    const end = isClient ? client : this.#upstream.end!;
    if (verb.endsWith(">")) end.send(text);
    else await this.#until(() => end.has(text), `${step} (${end.show()})`);
  }

  /** Resolves when so many connections of the case are over for the proxy. */
  async #untilDestroyed(name: string, count: number): Promise<void> {
    const prefix = `listener.${name}.downstream_cx_`;
    for (const deadline = performance.now() + patienceMs; performance.now() < deadline;) {
      if ((await this.stats(prefix)).get("destroy") === count) return;
    }
    throw new Error(`${name}: the connection is still there`);
  }

  #lines(name: string): string[] {
    const marker = `wasm log ${name} ${name}: `;
    const lines: string[] = [];
    for (const line of this.#process.stderr.split("\n")) {
      const at = line.indexOf(marker);
      if (at >= 0) lines.push(line.slice(at + marker.length));
    }
    return lines;
  }

  #accessLines(name: string): string[] {
    const file = path.join(this.#folder, `${name}.log`);
    if (!existsSync(file)) return [];
    return readFileSync(file, "utf8").split("\n").slice(0, -1);
  }

  async #until(condition: () => boolean, what: string): Promise<void> {
    const deadline = performance.now() + patienceMs;
    while (!condition()) {
      if (performance.now() > deadline) {
        throw new Error(`still waiting for ${what}:\n${this.#process.stderr.slice(-4000)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

function withoutPorts(line: string): string {
  return line.replaceAll(/127\.0\.0\.1:\d+/g, "ADDRESS").replace(/\.port .*$/, ".port PORT");
}

/** One side's socket and what came there. */
class End {
  received = "";
  ended = "open";
  readonly #socket: net.Socket;

  constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.received += chunk.toString("latin1");
    });
    socket.on("end", () => {
      this.ended = "FIN";
    });
    socket.on("error", () => {
      this.ended = "RST";
    });
  }

  send(text: string): void {
    if (text === "FIN") this.#socket.end();
    else if (text === "RST") this.#socket.resetAndDestroy();
    else this.#socket.write(text, "latin1");
  }

  has(wanted: string): boolean {
    return wanted === "end" ? this.ended !== "open" : this.received.length >= Number(wanted);
  }

  get isOver(): boolean {
    return this.ended !== "open" || this.#socket.destroyed;
  }

  close(): void {
    this.#socket.destroy();
  }

  show(): string {
    const received = this.received.replace(/\r\ndate: [^\r]*/, "\r\ndate: NOW");
    return `${JSON.stringify(received)} ${this.ended}`;
  }
}

/** The server behind tcp_proxy, and the one for HTTP calls. */
class Upstream {
  end: End | undefined;
  readonly #ends: End[] = [];
  readonly #server = net.createServer({ allowHalfOpen: true, noDelay: true });
  readonly #callout = net.createServer();
  #asking: net.Socket | undefined;

  static async start(): Promise<Upstream> {
    const upstream = new Upstream();
    for (const server of [upstream.#server, upstream.#callout]) {
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
    }
    upstream.#server.on("connection", (socket) => upstream.#onConnection(socket));
    upstream.#callout.on("connection", (socket) => {
      socket.on("error", () => undefined);
      socket.on("data", (chunk: Buffer) => {
        upstream.#asking = socket;
        if (!/^GET \/(gate|slow)/.test(chunk.toString("latin1"))) upstream.answer();
      });
    });
    return upstream;
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  get calloutPort(): number {
    return (this.#callout.address() as net.AddressInfo).port;
  }

  get isOver(): boolean {
    return this.end?.isOver ?? true;
  }

  reset(): void {
    this.end?.close();
    this.end = undefined;
  }

  /** The HTTP call that came last. */
  answer(): void {
    this.#asking?.write("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nyes");
  }

  show(): string {
    return this.end?.show() ?? "none";
  }

  close(): void {
    this.#server.close();
    this.#callout.close();
    for (const end of this.#ends) end.close();
  }

  #onConnection(socket: net.Socket): void {
    this.end = new End(socket);
    this.#ends.push(this.end);
  }
}

const behind = {
  proxy: {
    name: "envoy.filters.network.tcp_proxy",
    typed_config: {
      "@type": typeUrl("envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"),
      stat_prefix: "l4",
      cluster: "upstream",
    },
  },
  echo: {
    name: "envoy.filters.network.echo",
    typed_config: { "@type": typeUrl("envoy.extensions.filters.network.echo.v3.Echo") },
  },
  http: {
    name: "envoy.filters.network.http_connection_manager",
    typed_config: {
      "@type": typeUrl("hcm"),
      stat_prefix: "l4",
      route_config: {
        virtual_hosts: [
          {
            name: "all",
            domains: ["*"],
            routes: [
              {
                match: { prefix: "/" },
                direct_response: { status: 200, body: { inline_string: "answer" } },
              },
            ],
          },
        ],
      },
      http_filters: [{ name: "router", typed_config: { "@type": typeUrl("router") } }],
    },
  },
  answer: {
    name: "envoy.filters.network.direct_response",
    typed_config: {
      "@type": typeUrl("envoy.extensions.filters.network.direct_response.v3.Config"),
      response: { inline_string: "answer" },
    },
  },
};

function listenerOf(each: L4Case, module: string, folder: string): JsonObject {
  const { name, told, plugin = {} } = each;
  const config = wasmConfig(module, {
    name,
    configuration: told,
    vm: { vm_id: name },
    plugin: { ...plugin },
  });
  const typed = { ...config, "@type": typeUrl("envoy.extensions.filters.network.wasm.v3.Wasm") };
  return {
    name,
    address: { socket_address: { address: "127.0.0.1", port_value: 0 } },
    stat_prefix: name,
    traffic_direction: "INBOUND",
    filter_chains: [
      {
        name: "the-chain",
        filters: [
          { name: "envoy.filters.network.wasm", typed_config: typed },
          behind[each.behind ?? "proxy"],
        ],
      },
    ],
    access_log: [
      {
        name: "envoy.access_loggers.file",
        typed_config: {
          "@type": typeUrl("fileLog"),
          path: path.join(folder, `${name}.log`),
          log_format: { text_format_source: { inline_string: logFormat } },
        },
      },
    ],
  };
}
