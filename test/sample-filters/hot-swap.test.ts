import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout } from "node:timers/promises";
import type { JsonObject } from "@bufbuild/protobuf";
import { parse } from "yaml";
import { ask, type Question } from "../support/http-exchange.ts";
import { TestClient } from "../support/hcm-server.ts";
import { freePort } from "../support/ports.ts";
import { bootstrap, staticCluster } from "../support/proxy-config.ts";
import { PushedFilter } from "../support/pushed-filter.ts";
import { readmeConfigs, readmeExamples } from "../support/sample-readme.ts";
import { compiledSample, serverPort } from "../support/sample-run.ts";
import { scratchFolder, type SluiceProcess, startSluice } from "../support/sluice-process.ts";

const samples = path.resolve(import.meta.dirname, "../../sample-filters");

/** Requests that a sample answers with 200, whichever version of it runs. */
const requests: { readonly [name: string]: (number: number) => Question } = {
  "ab-routing": () => ({ headers: { "x-user": "grace" } }),
  auth: () => ({ headers: { authorization: "Bearer s3cret" } }),
  "auth-callout": () => ({ headers: { authorization: "Bearer token-of-ada" } }),
  body: () => ({ method: "POST", body: "some text" }),
  "body-rewrite": () => ({ path: "/colour" }),
  header: () => ({}),
  hello: () => ({ headers: { "x-name": "Ada" } }),
  "hello-lua": () => ({ path: "/?name=you" }),
  jwt: () => ({ headers: { authorization: tokenOfReadme() } }),
  local_ratelimit: (number) => ({ headers: { "x-client": `client ${number}` } }),
  maintenance: () => ({ path: "/open" }),
  metrics: () => ({ method: "POST", body: "some bytes" }),
  ratelimit: (number) => ({ headers: { "x-client": `client ${number}` } }),
  "shared-queue": () => ({}),
};
const versions = ["2", "3"];
/** Requests that each version answers at least. */
const least = 5;

function tokenOfReadme(): string {
  const commands = readmeExamples("jwt").map(({ command }) => command);
  return commands.flatMap((command) => /authorization: ([^']*)/.exec(command)?.[1] ?? [])[0]!;
}

/** A sample behind a listener of its own, discovered from a file. */
class SwappedSample {
  readonly name: string;
  readonly port: number;
  readonly listener: JsonObject;
  /** Statuses other than 200, and what else went wrong. */
  readonly failures: string[] = [];
  answered = 0;
  readonly #filter: PushedFilter;
  readonly #typedConfig: JsonObject;
  readonly #source: string;
  readonly #folder: string;

  private constructor(name: string, port: number, folder: string, source: string) {
    this.name = name;
    this.port = port;
    this.#folder = folder;
    this.#source = source;
    const config = parse(readmeConfigs(name)[0]!) as Bootstrap;
    const listener = config.static_resources.listeners[0]!;
    const { typed_config: manager } = listener.filter_chains[0]!.filters[0]!;
    const [filter, ...others] = manager.http_filters;
    this.#typedConfig = filter!.typed_config;
    const kind = (this.#typedConfig["@type"] as string).replace("type.googleapis.com/", "");
    this.#filter = new PushedFilter(folder, filter!.name, [kind], this.#version("1"));
    manager.http_filters = [this.#filter.entry() as never, ...others];
    const address = { socket_address: { address: "127.0.0.1", port_value: port } };
    this.listener = { ...listener, name, address } as unknown as JsonObject;
  }

  static async of(context: TestContext, name: string): Promise<SwappedSample> {
    const folder = scratchFolder(context);
    const module = await compiledSample(name, folder);
    const script = path.join(samples, name, `${name === "hello-lua" ? "hello" : name}.lua`);
    return new SwappedSample(name, await freePort(), folder, module ?? script);
  }

  push(proxy: SluiceProcess, version: string): Promise<void> {
    return this.#filter.push(proxy, version, this.#version(version));
  }

  /** Asks, one request after the other on one connection, until `isOver`. */
  async load(isOver: () => boolean): Promise<void> {
    await using client = await TestClient.connect(this.port);
    for (let i = 0; !isOver(); i += 1) {
      const { status } = await ask(client, requests[this.name]!(i));
      if (status === 200) this.answered += 1;
      else this.failures.push(`request ${i}: ${status}`);
      // The machine has other things to do: the swaps themselves.
      await setTimeout(5);
    }
  }

  /** The configuration with a module or script of its own, which does the same. */
  #version(version: string): JsonObject {
    const isModule = this.#source.endsWith(".wasm");
    const file = path.join(this.#folder, `version-${version}${path.extname(this.#source)}`);
    const code = readFileSync(this.#source);
    // A custom section without a name, or a comment.
    const mark = isModule ? Buffer.from([0, 2, 0, Number(version)]) : `-- version ${version}\n`;
    writeFileSync(file, Buffer.concat([code, Buffer.from(mark)]));
    const text = JSON.stringify(this.#typedConfig);
    return JSON.parse(text.replace(/"filename":"[^"]*"/, `"filename":"${file}"`)) as JsonObject;
  }
}

interface Bootstrap {
  readonly static_resources: {
    readonly listeners: {
      readonly filter_chains: {
        readonly filters: {
          readonly typed_config: { http_filters: { name: string; typed_config: JsonObject }[] };
        }[];
      }[];
    }[];
  };
}

test("samples are swapped under load without a failed request", async (context) => {
  const all = await Promise.all(
    Object.keys(requests).map((name) => SwappedSample.of(context, name)),
  );
  const echo = await serverPort({ file: path.join(samples, "echo.js"), port: 0, args: [] });
  const auth = path.join(samples, "auth-callout/auth-server.js");
  const authPort = await serverPort({ file: auth, port: 0, args: [] });
  const config = bootstrap(
    all.map(({ listener }) => listener),
    [
      staticCluster("server", [echo]),
      staticCluster("canary", [echo]),
      staticCluster("auth", [authPort]),
    ],
  );
  const proxy = await startSluice(context, { config, args: ["--concurrency", "2"] });
  let isOver = false;
  const loads = all.map((sample) => sample.load(() => isOver));
  for (const version of versions) {
    await untilAnswered(all, least);
    for (const sample of all) await sample.push(proxy, version);
  }
  await untilAnswered(all, least);
  isOver = true;
  await Promise.all(loads);
  for (const { name, failures } of all) assert.deepEqual(failures, [], name);
});

test(
  "samples that are no HTTP filters are swapped under load, too",
  { todo: "network and listener filters and access loggers are not discovered (ECDS) yet" },
  () => assert.fail("access-log, line-protocol and protocol-sniffer are configured at start only"),
);

/** Waits until each sample has answered so many more, well or not. */
async function untilAnswered(all: readonly SwappedSample[], count: number): Promise<void> {
  const total = ({ answered, failures }: SwappedSample): number => answered + failures.length;
  const goals = all.map((sample) => total(sample) + count);
  const deadline = performance.now() + 60_000;
  while (all.some((sample, i) => total(sample) < goals[i]!)) {
    assert.ok(performance.now() < deadline, "no answers any more");
    await setTimeout(10);
  }
}
