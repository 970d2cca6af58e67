import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { ask, type Question } from "../support/http-exchange.ts";
import type { TestClient } from "../support/hcm-server.ts";
import { bootstrap, staticCluster } from "../support/proxy-config.ts";
import { readmeExamples } from "../support/sample-readme.ts";
import { serverPort } from "../support/sample-run.ts";
import { startSluice } from "../support/sluice-process.ts";
import { type SampleLoad, SwappedSample } from "../support/swapped-sample.ts";

const samples = path.resolve(import.meta.dirname, "../../sample-filters");

/** Requests that a sample answers with 200, whichever version of it runs. */
function http(question: (number: number) => Question, more: Partial<SampleLoad> = {}): SampleLoad {
  return {
    ...more,
    ask: async (client, number) => {
      const { status } = await ask(client, question(number));
      return status === 200 ? undefined : String(status);
    },
  };
}

/** Lines, and what must come back. */
function lines(sent: string, expected: string): SampleLoad["ask"] {
  return async (client: TestClient) => {
    client.text = "";
    client.send(sent);
    const received = await client.until((text) => text.length >= expected.length);
    return received === expected ? undefined : JSON.stringify(received);
  };
}

const noLimit = (text: string): string => text.replace('"connections": 2', '"connections": 100000');
const loads: readonly (readonly [name: string, load: SampleLoad])[] = [
  ["ab-routing", http(() => ({ headers: { "x-user": "grace" } }))],
  ["access-log", http((number) => ({ path: `/logged-${number}` }))],
  ["auth", http(() => ({ headers: { authorization: "Bearer s3cret" } }))],
  ["auth-callout", http(() => ({ headers: { authorization: "Bearer token-of-ada" } }))],
  ["body", http(() => ({ method: "POST", body: "some text" }))],
  ["body-rewrite", http(() => ({ path: "/colour" }))],
  ["header", http(() => ({}))],
  ["hello", http(() => ({ headers: { "x-name": "Ada" } }))],
  ["hello-lua", http(() => ({ path: "/?name=you" }))],
  ["jwt", http(() => ({ headers: { authorization: tokenOfReadme() } }))],
  [
    "line-protocol",
    // A connection that lives through all swaps, and new ones.
    { connections: "both", ask: lines("SET colour red\nGET colour\n", "OK\nred\n") },
  ],
  ["local_ratelimit", http((number) => ({ headers: { "x-client": `client ${number}` } }))],
  [
    "local_ratelimit",
    { ...http(() => ({}), { connections: "both", listener: 1 }), settings: noLimit },
  ],
  ["maintenance", http(() => ({ path: "/open" }))],
  ["metrics", http(() => ({ method: "POST", body: "some bytes" }))],
  ["protocol-sniffer", http(() => ({}), { connections: "both" })],
  ["ratelimit", http((number) => ({ headers: { "x-client": `client ${number}` } }))],
  ["shared-queue", http(() => ({}))],
];
const versions = ["2", "3"];
/** Answers that each version gives at least. */
const least = 5;

function tokenOfReadme(): string {
  const commands = readmeExamples("jwt").map(({ command }) => command);
  return commands.flatMap((command) => /authorization: ([^']*)/.exec(command)?.[1] ?? [])[0]!;
}

test("samples are swapped under load without a failed request or connection", async (context) => {
  const all = await Promise.all(loads.map(([name, load]) => SwappedSample.of(context, name, load)));
  const server = (file: string): Promise<number> =>
    serverPort({ file: path.join(samples, file), port: 0, args: [] });
  const echo = await server("echo.js");
  const values = await server("line-protocol/server.js");
  // Lines have a server of their own.
  const listeners = all.map(({ name, listener }) =>
    name === "line-protocol" ? toCluster(listener, "values") : listener,
  );
  const config = bootstrap(listeners, [
    staticCluster("server", [echo]),
    staticCluster("canary", [echo]),
    staticCluster("values", [values]),
    staticCluster("auth", [await server("auth-callout/auth-server.js")]),
  ]);
  const proxy = await startSluice(context, { config, args: ["--concurrency", "2"] });
  let isOver = false;
  const running = all.map((sample) => sample.load(() => isOver));
  for (const version of versions) {
    await untilAnswered(all, least);
    for (const sample of all) await sample.push(proxy, version);
  }
  await untilAnswered(all, least);
  isOver = true;
  await Promise.all(running);
  for (const { name, failures } of all) assert.deepEqual(failures, [], name);
  // Each request has its entry, whichever version wrote it.
  const { answered } = all.find(({ name }) => name === "access-log")!;
  await proxy.untilLogged('"path":"/logged-', answered);
  assert.equal(proxy.stderr.split('"path":"/logged-').length - 1, answered);
});

test("every sample is swapped", () => {
  const folders = readdirSync(samples, { withFileTypes: true }).filter((it) => it.isDirectory());
  // The deployments are configurations.
  const others = new Set(["deployments", "node_modules"]);
  const names = folders.map(({ name }) => name).filter((name) => !others.has(name));
  assert.deepEqual([...new Set(loads.map(([name]) => name))].sort(), names.sort());
});

/** The listener with another cluster behind it. */
function toCluster<T>(listener: T, cluster: string): T {
  const text = JSON.stringify(listener);
  return JSON.parse(text.replaceAll('"cluster":"server"', `"cluster":"${cluster}"`)) as T;
}

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
