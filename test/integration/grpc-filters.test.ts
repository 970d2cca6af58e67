// The filters of gRPC against what Envoy 1.40.0 was seen to do. To record that anew:
//   SLUICE_UNDER_TEST=envoy SLUICE_WRITE_GOLDEN=1 node test/run.js integration/grpc-filters.test.ts
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, describe, test } from "node:test";
import { filterCases, transcoderCases } from "../golden/grpc/cases.ts";
import { ownWords, refused as refusedHere } from "../golden/grpc/deviations.ts";
import { replyCases } from "../golden/grpc/reply-cases.ts";
import { exchange, type GrpcCase } from "../golden/grpc/exchange.ts";
import { listeners, scenario } from "../golden/grpc/scenario.ts";
import { GoldenUpstream } from "../golden/grpc/upstream.ts";
import { statsBelow } from "../support/admin-stats.ts";
import { logLines } from "../support/proxy-config.ts";
import { freePort } from "../support/ports.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";

interface Outcome {
  readonly client: string;
  readonly upstream: string;
  readonly log: string;
}
interface Golden {
  readonly outcomes: { readonly [name: string]: Outcome };
  readonly stats: { readonly [name: string]: number };
}

const recording = process.env["SLUICE_WRITE_GOLDEN"] !== undefined;
const golden = path.join(import.meta.dirname, "../golden/grpc/grpc.json");
const expected: Golden = recording
  ? { outcomes: {}, stats: {} }
  : (JSON.parse(readFileSync(golden, "utf8")) as Golden);
const recorded: { [name: string]: Outcome } = {};
const cases: readonly GrpcCase[] = [...filterCases, ...transcoderCases, ...replyCases];

const upstream = await GoldenUpstream.start();
upstream.answers = Object.fromEntries(
  cases.map(({ name, answer = {} }) => [encodeURI(name), answer]),
);
const ports: { [name: string]: number } = {};
for (const name of Object.keys(listeners)) ports[name] = await freePort();
const [admin, refused] = [await freePort(), await freePort()];
const log = path.join(scratchFolder({ after }), "access.log");
await startSluice(
  { after },
  {
    config: scenario({ admin, upstream: upstream.port, refused, listeners: ports }, log),
    args: ["--concurrency", "1", ...(recording ? ["--file-flush-interval-msec", "10"] : [])],
  },
);
after(() => upstream.close());

const clients = await runAll();
/** By the case's name as it is sent. */
const logs = new Map(
  (await logLines(log, cases.length)).map((line) => line.split(" | ", 2) as [string, string]),
);

/** What clients got, by case. Some run at a time; those of one listener share nothing but counters. */
async function runAll(): Promise<Map<string, string>> {
  const results = new Map<string, string>();
  const waiting = [...cases];
  const runSome = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      results.set(next.name, await exchange(ports[next.listener]!, next));
    }
  };
  await Promise.all(Array.from({ length: 8 }, runSome));
  return results;
}

function outcomeOf({ name }: GrpcCase): Outcome {
  return {
    client: clients.get(name) ?? "",
    log: logs.get(encodeURI(name)) ?? "",
    upstream: upstream.seen.get(encodeURI(name)) ?? "",
  };
}

/** When time is up first, the upstream may have seen the request, or not. */
function expectedAnyhow(outcome: Outcome, golden: Outcome | undefined): Outcome {
  const isTimed = /(duration|response|stream_idle)_timeout/.test(golden?.log ?? "");
  return isTimed ? { ...outcome, upstream: golden!.upstream } : outcome;
}

const wordless = (outcome: Outcome): Outcome => ({
  ...outcome,
  client: outcome.client.replace(/"content-length":"\d+",/, "").replace(/} ".*"$/, "} words"),
});

async function grpcStats(): Promise<{ [name: string]: number }> {
  const all = await statsBelow(admin, "cluster.");
  const entries = [...all].filter(([name, value]) => /\.grpc(-web)?\./.test(name) && value > 0);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

describe("with the filters of gRPC", () => {
  for (const each of cases) {
    test(`${each.name} (${each.listener}) ends as with Envoy`, () => {
      const { name } = each;
      const outcome = expectedAnyhow(outcomeOf(each), expected.outcomes[name]);
      const otherwise = refusedHere[name];
      if (recording) {
        recorded[name] = outcome;
      } else if (otherwise !== undefined) {
        const status = /":status":"?(\d+)/.exec(outcome.client)?.[1];
        assert.deepEqual({ status, log: outcome.log }, otherwise);
      } else if (ownWords.has(name)) {
        assert.deepEqual(wordless(outcome), wordless(expected.outcomes[name]!));
      } else {
        assert.deepEqual(outcome, expected.outcomes[name]);
      }
    });
  }

  test("the times of upstreams are recorded, by method, where they are asked for", async () => {
    const recordedTimes = async (): Promise<string[]> => {
      const text = await (
        await fetch(`http://127.0.0.1:${admin}/stats?filter=upstream_rq_time`)
      ).text();
      const lines = text
        .split("\n")
        .filter((line) => line.includes(".grpc.") && line.includes("P50"));
      return lines.map((line) => line.split(": ", 1)[0]!).sort();
    };
    const wanted = ["Failing", "Known"].map(
      (method) => `cluster.all_methods.grpc.a.b.S.${method}.upstream_rq_time`,
    );
    const deadline = performance.now() + 20_000;
    let times = await recordedTimes();
    while (times.length < wanted.length && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      times = await recordedTimes();
    }
    assert.deepEqual(times, wanted);
  });

  test("calls and messages are counted as in Envoy", async () => {
    const deadline = performance.now() + 20_000;
    let stats = await grpcStats();
    const wanted = JSON.stringify(expected.stats);
    while (!recording && JSON.stringify(stats) !== wanted && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      stats = await grpcStats();
    }
    if (recording) write(stats);
    else assert.deepEqual(stats, expected.stats);
  });
});

function write(stats: { [name: string]: number }): void {
  const content = { recordedWith: "Envoy 1.40.0", outcomes: recorded, stats };
  writeFileSync(golden, `${JSON.stringify(content, undefined, 1)}\n`);
}
