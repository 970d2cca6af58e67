import net from "node:net";
import type { JsonObject } from "@bufbuild/protobuf";
import { freePort } from "../support/ports.ts";
import {
  bootstrap,
  httpFilter,
  httpListener,
  staticCluster,
  typeUrl,
} from "../support/proxy-config.ts";
import { SluiceProcess } from "../support/sluice-process.ts";
import { TestUpstream } from "../support/router-server.ts";
import { luaCases, type LuaCase } from "./lua-cases.ts";

// Runs each case in Sluice and in Envoy ($ENVOY, or `envoy` on the PATH) and compares what the client, the upstream and
// the callout's server get, and the lines that the script logs. Not a part of `npm test`, which needs no Envoy:
//
//   node -C sluice-source test/differential/lua.ts [name of a case …]

/** What one run of a case showed. */
interface Seen {
  readonly client: string;
  readonly servers: readonly string[];
  readonly log: readonly string[];
}

const cleanups: (() => unknown)[] = [];
const cleanup = { after: (end: () => unknown): void => void cleanups.push(end) };

/** What the servers were sent since it was last emptied. */
let received: string[] = [];

/** A server that shows what it got in its answer. */
function echo(label: string): (socket: net.Socket) => void {
  return (socket) => {
    let text = "";
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      for (let end = endOfRequest(text); end > 0; end = endOfRequest(text)) {
        received.push(`${label}\n${text.slice(0, end)}`);
        const body = `${label} ${text.slice(0, end).split("\r\n", 1)[0]}`;
        text = text.slice(end);
        socket.write(
          `HTTP/1.1 200 OK\r\nx-double: 1\r\nx-double: 2\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
        );
      }
    });
  };
}

/** Where the first request in `text` ends; 0 while it is not whole. */
function endOfRequest(text: string): number {
  const head = text.indexOf("\r\n\r\n");
  if (head < 0) return 0;
  if (/\r\ntransfer-encoding: chunked/i.test(text.slice(0, head))) {
    const last = /(?:^|\r\n)0\r\n\r\n/.exec(text.slice(head + 4));
    return last === null ? 0 : head + 4 + last.index + last[0].length;
  }
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(text.slice(0, head))?.[1] ?? 0);
  return text.length < head + 4 + length ? 0 : head + 4 + length;
}

function config(
  port: number,
  ports: { echo: number; callout: number; silent: number },
): JsonObject {
  const mark = `function envoy_on_request(h) h:logInfo("mark " .. h:headers():get(":path") .. ";") h:respond({ [":status"] = "200" }) end`;
  const routes = [...luaCases, { name: "mark", script: mark }].map(
    ({ name, script }): JsonObject => ({
      name: `route-${name}`,
      match: { path_separated_prefix: `/${name}` },
      route: { cluster: "upstream" },
      metadata: { filter_metadata: { script: { m: 1, list: ["a"] } } },
      typed_per_filter_config: {
        script: {
          "@type": typeUrl("envoy.extensions.filters.http.lua.v3.LuaPerRoute"),
          source_code: { inline_string: script },
        },
      },
    }),
  );
  // A rewritten path must not lead to another case's route.
  routes.push({ match: { prefix: "/" }, route: { cluster: "upstream" } });
  const host = {
    name: "all",
    domains: ["*"],
    routes,
    metadata: { filter_metadata: { script: { v: 2 } } },
  };
  const listener = httpListener({
    port,
    filters: [httpFilter("script", { "@type": typeUrl("lua") })],
    virtualHosts: [host],
  });
  return bootstrap(
    [listener],
    [
      staticCluster("upstream", [ports.echo]),
      staticCluster("callout", [ports.callout]),
      staticCluster("silent", [ports.silent]),
      staticCluster("dead", []),
    ],
  );
}

function requestOf(each: LuaCase): string {
  const { method, headers = {}, body, chunks } = each;
  const verb = method ?? (body === undefined && chunks === undefined ? "GET" : "POST");
  const lines = [`${verb} /${each.name}${each.path ?? ""} HTTP/1.1`, "host: test"];
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  if (body !== undefined) lines.push(`content-length: ${body.length}`);
  if (chunks !== undefined) lines.push("transfer-encoding: chunked");
  lines.push("connection: close");
  const parts = chunks?.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`) ?? [];
  const content = chunks === undefined ? (body ?? "") : `${parts.join("")}0\r\n\r\n`;
  return `${lines.join("\r\n")}\r\n\r\n${content}`;
}

async function exchange(port: number, text: string): Promise<string> {
  const socket = net.connect(port, "127.0.0.1");
  let answer = "";
  socket.on("data", (chunk: Buffer) => {
    answer += chunk.toString("latin1");
    // Envoy leaves the connection open for a second, so that nothing it sent is lost.
    if (isWholeAnswer(answer)) socket.destroy();
  });
  socket.on("error", () => undefined);
  socket.write(text, "latin1");
  const impatience = setTimeout(() => socket.destroy(), 10_000);
  await new Promise((resolve) => socket.on("close", resolve));
  clearTimeout(impatience);
  return answer;
}

function isWholeAnswer(text: string): boolean {
  return (
    endOfRequest(text) > 0 &&
    (/\r\n(content-length|transfer-encoding): /i.test(text) || / 204 /.test(text))
  );
}

function requestText(path: string): string {
  return `GET ${path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n`;
}

class Proxy {
  readonly #process: SluiceProcess;
  readonly #port: number;
  #at = 0;
  #marks = 0;

  constructor(process_: SluiceProcess, port: number) {
    this.#process = process_;
    this.#port = port;
  }

  async ready(): Promise<void> {
    await this.#process.untilLogged("all dependencies initialized. starting workers");
    // The port opens a moment later.
    for (let answer = ""; answer === "";) answer = await exchange(this.#port, requestText("/"));
    await this.#mark();
  }

  async run(each: LuaCase): Promise<Seen> {
    received = [];
    const client = await exchange(this.#port, requestOf(each));
    const log = await this.#mark();
    return { client: plain(client), servers: received.map(plain).sort(), log: log.map(plain) };
  }

  /** The script's lines since the last mark. */
  async #mark(): Promise<string[]> {
    const path = `/mark/${(this.#marks += 1)}`;
    const line = `script log: mark ${path};`;
    await exchange(this.#port, requestText(path));
    for (let tries = 0; tries < 500; tries += 1) {
      const end = this.#process.stderr.indexOf(line, this.#at);
      if (end >= 0) {
        const text = this.#process.stderr.slice(this.#at, end);
        this.#at = end + line.length;
        return [...text.matchAll(/\[(\w+)\]\[lua\] (script log: .*)/g)].map(
          ([, level, logged]) => `${level} ${logged}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error("a mark was not logged");
  }
}

/** Without what differs from run to run, or by the proxy's name. */
function plain(text: string): string {
  return text
    .replace(/\r\ndate: [^\r]*/i, "")
    .replaceAll(/(x-request-id: )[-0-9a-f]{36}/g, "$1<id>")
    .replaceAll(/(x-envoy-upstream-service-time: )\d+/g, "$1<ms>")
    .replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1:<port>")
    .replaceAll(/(x-forwarded-for: )[\d.]+/g, "$1<address>");
}

async function startProxy(
  program: readonly string[] | undefined,
  ports: Parameters<typeof config>[1],
): Promise<Proxy> {
  const port = await freePort();
  const args = ["--concurrency", "1", "-l", "info"];
  const started = new SluiceProcess(cleanup, {
    config: config(port, ports),
    args,
    ...(program && { program }),
  });
  const proxy = new Proxy(started, port);
  await proxy.ready();
  return proxy;
}

async function compareAll(names: readonly string[]): Promise<number> {
  const [upstream, callout, silent] = await Promise.all([
    TestUpstream.start(echo("upstream")),
    TestUpstream.start(echo("callout")),
    TestUpstream.start(() => undefined),
  ]);
  for (const each of [upstream, callout, silent]) cleanup.after(() => each[Symbol.asyncDispose]());
  const ports = { echo: upstream.port, callout: callout.port, silent: silent.port };
  const envoy = await startProxy(
    [process.env["ENVOY"] ?? "envoy", "--disable-hot-restart", "--log-format", "[%t][%l][%n] %v"],
    ports,
  );
  const sluice = await startProxy(undefined, ports);
  let failures = 0;
  for (const each of luaCases) {
    if (names.length > 0 && !names.includes(each.name)) continue;
    const [theirs, ours] = [await envoy.run(each), await sluice.run(each)];
    const same = JSON.stringify(theirs) === JSON.stringify(ours);
    if (same === (each.differs === undefined)) continue;
    failures += 1;
    console.log(`${each.name}: ${same ? "no longer differs" : "differs"}`);
    if (!same) report(theirs, ours);
  }
  console.log(`${luaCases.length} cases, ${failures} unexplained`);
  return failures;
}

function report(theirs: Seen, ours: Seen): void {
  for (const part of ["client", "servers", "log"] as const) {
    const [a, b] = [JSON.stringify(theirs[part]), JSON.stringify(ours[part])];
    if (a !== b) console.log(`  ${part}\n    envoy  ${a}\n    sluice ${b}`);
  }
}

try {
  process.exitCode = (await compareAll(process.argv.slice(2))) > 0 ? 1 : 0;
} finally {
  for (const end of cleanups.reverse()) await end();
}
