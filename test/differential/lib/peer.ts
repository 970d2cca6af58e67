import type { JsonObject } from "@bufbuild/protobuf";
import { adminAt } from "../../support/admin-stats.ts";
import { freePort } from "../../support/ports.ts";
import {
  bootstrap,
  httpFilter,
  httpListener,
  luaConfig,
  staticCluster,
  unlimitedGuests,
} from "../../support/proxy-config.ts";
import { type Cleanup, SluiceProcess } from "../../support/sluice-process.ts";
import type { Corpus, CorpusPorts } from "./corpus.ts";
import { plain } from "./message.ts";
import type { Servers } from "./servers.ts";
import { exchange, piecesOf, requestOf, type Seen, type TrafficCase } from "./traffic.ts";

const markScript = `function envoy_on_request(h)
  h:logInfo("mark " .. h:headers():get(":path") .. ";")
  h:respond({ [":status"] = "200" })
end`;

/** The command line of an Envoy whose log is compared. */
export function envoyCommand(): string[] {
  const format = ["--log-format", "[%t][%l][%n] %v"];
  return [process.env["ENVOY"] ?? "envoy", "--disable-hot-restart", ...format];
}

async function freePorts<C extends TrafficCase>(
  corpus: Corpus<C>,
  servers: Servers,
): Promise<CorpusPorts> {
  const listeners: Record<string, number> = {};
  for (const name of corpus.listeners) listeners[name] = await freePort();
  const [admin, mark, refused] = [await freePort(), await freePort(), await freePort()];
  return { ...servers.ports, admin, mark, refused, listeners };
}

function bootstrapOf<C extends TrafficCase>(
  corpus: Corpus<C>,
  ports: CorpusPorts,
  isEnvoy: boolean,
): JsonObject {
  const { listeners, clusters } = corpus.config(ports);
  const mark = httpListener({
    name: "mark",
    port: ports.mark,
    filters: [httpFilter("mark", luaConfig(markScript))],
  });
  const clustersOfAll = [
    staticCluster("callout", [ports.callout]),
    staticCluster("silent", [ports.silent]),
    staticCluster("refused", [ports.refused]),
    staticCluster("dead", []),
  ];
  const more = isEnvoy ? {} : unlimitedGuests;
  return bootstrap([...listeners, mark], [...clusters, ...clustersOfAll], {
    ...adminAt(ports.admin),
    ...more,
  });
}

export interface PeerOptions {
  readonly program?: readonly string[] | undefined;
  readonly isEnvoy?: boolean;
}

/** A running Sluice or Envoy that cases are shown to. */
export class Peer<C extends TrafficCase> {
  readonly #process: SluiceProcess;
  readonly #corpus: Corpus<C>;
  readonly #ports: CorpusPorts;
  readonly #servers: Servers;
  #at = 0;
  #marks = 0;
  #stats = new Map<string, number>();
  #startLines: readonly string[] = [];

  /** `program` is another Sluice, or Envoy. */
  static async start<C extends TrafficCase>(
    cleanup: Cleanup,
    corpus: Corpus<C>,
    servers: Servers,
    { program, isEnvoy = false }: PeerOptions = {},
  ): Promise<Peer<C>> {
    const ports = await freePorts(corpus, servers);
    const started = new SluiceProcess(cleanup, {
      config: bootstrapOf(corpus, ports, isEnvoy),
      args: ["--concurrency", "1", "-l", "info"],
      ...(program && { program }),
    });
    const peer = new Peer(started, corpus, ports, servers);
    await started.untilLogged("all dependencies initialized. starting workers");
    // The ports open a moment later.
    for (const port of [ports.mark, ...Object.values(ports.listeners)]) {
      while (!(await opens(port))) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await peer.#mark();
    peer.#stats = await peer.#readStats();
    return peer;
  }

  private constructor(
    started: SluiceProcess,
    corpus: Corpus<C>,
    ports: CorpusPorts,
    servers: Servers,
  ) {
    this.#process = started;
    this.#corpus = corpus;
    this.#ports = ports;
    this.#servers = servers;
  }

  /** What the corpus' logger has said before the first case, as a set. */
  get startLines(): readonly string[] {
    return this.#startLines;
  }

  async run(each: C): Promise<Seen> {
    this.#servers.take();
    const port = this.#ports.listeners[this.#corpus.listenerOf(each)]!;
    const client: string[] = [];
    for (let i = 0; i < (each.times ?? 1); i += 1) {
      const leaving =
        each.leavesAfter === undefined ? undefined : this.#servers.untilReceived(each.leavesAfter);
      client.push(
        await exchange(port, piecesOf(each), {
          toHead: each.method === "HEAD",
          before: (piece) => this.#servers.untilSeen(each.chunks![piece - 1]!),
          ...(leaving && { leaving }),
        }),
      );
    }
    if (each.until !== undefined) await this.#untilLogged(each.until);
    const log = await this.#mark();
    const lines = log.map((line) => plain(this.#corpus.plainLine(line)));
    const stats = await this.#changedStats();
    return {
      client,
      servers: this.#servers.take().sort(),
      log: each.anyOrder === true ? lines.sort() : lines,
      stats,
    };
  }

  #untilLogged(text: string): Promise<void> {
    const { stderr } = this.#process;
    const shown = (): boolean => this.#process.stderr.includes(text, this.#at);
    return shown()
      ? Promise.resolve()
      : this.#process.until(shown, `"${text}" after ${stderr.length} characters`);
  }

  /** The corpus' lines since the last mark. */
  async #mark(): Promise<string[]> {
    const path = `/mark/${(this.#marks += 1)}`;
    const line = `script log: mark ${path};`;
    await exchange(this.#ports.mark, [requestOf({ name: "mark", path })]);
    await this.#untilLogged(line);
    const { stderr } = this.#process;
    const end = stderr.indexOf(line, this.#at);
    const text = stderr.slice(this.#at, stderr.lastIndexOf("\n", end) + 1);
    this.#at = end + line.length;
    const lines = linesOf(text, this.#corpus.logger).filter((each) => this.#corpus.keepsLine(each));
    // How often a guest is started is the proxy's own affair.
    if (this.#marks === 1) this.#startLines = [...new Set(lines)].sort();
    return lines;
  }

  async #changedStats(): Promise<{ [name: string]: number }> {
    const before = this.#stats;
    this.#stats = await this.#readStats();
    const changed: { [name: string]: number } = {};
    for (const [name, value] of this.#stats) {
      const change = value - (before.get(name) ?? 0);
      if (change !== 0) changed[name] = change;
    }
    return changed;
  }

  async #readStats(): Promise<Map<string, number>> {
    const filter = encodeURIComponent(this.#corpus.statsFilter);
    const path = `/stats?filter=${filter}`;
    const { admin } = this.#ports;
    const headers = { host: `127.0.0.1:${admin}` };
    const text = await exchange(admin, [requestOf({ name: "stats", path, headers })]);
    const stats = new Map<string, number>();
    for (const line of text.split("\n").sort()) {
      const [name = "", value = ""] = line.split(": ");
      if (this.#corpus.stats.test(name) && /^\d+$/.test(value)) stats.set(name, Number(value));
    }
    return stats;
  }
}

async function opens(port: number): Promise<boolean> {
  const answer = await exchange(port, [requestOf({ name: "open", method: "OPTIONS", path: "/*" })]);
  return answer !== "<cut>";
}

/** `level text` of what a logger said; lines that follow one without a head of their own belong to it. */
function linesOf(text: string, logger: string): string[] {
  const lines: string[] = [];
  let mine = false;
  for (const line of text.split("\n")) {
    const head =
      /^(?:\[[^\]]*\])*?\[(trace|debug|info|warning|error|critical)\]\[(\w+)\] (.*)$/.exec(line);
    if (head !== null) {
      mine = head[2] === logger;
      if (mine) lines.push(`${head[1]} ${head[3]}`);
    } else if (mine && line !== "" && !line.startsWith("[")) {
      lines[lines.length - 1] += `\n${line}`;
    }
  }
  return lines;
}
