// What guests that misbehave cost, in times, which no test asserts:
//   node -C sluice-source test/endurance/guest-faults.ts [bombs | callbacks | kills | large]
// Compile bombs; a trap and an endless loop in each callback, beside 50 connections of a neighbour on the same worker;
// 100 failures in a row; and the neighbour's latency while a large module is loaded again and again (the Go module of
// test/fixtures/wasm/go, when it has been built).
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { rewriteModule } from "../../host/src/guest/limits/rewriter.ts";
import { compileBombs } from "../support/compile-bombs.ts";
import {
  answeringWithTrailers,
  failingProxy,
  isComplete,
  outcomeOf,
  requestWithTrailers,
} from "../support/failing-callbacks-proxy.ts";
import { failingCallbacks } from "../support/failing-callbacks.ts";
import { Neighbours } from "../support/neighbours.ts";
import { freePort } from "../support/ports.ts";
import {
  bootstrap,
  httpFilter,
  httpListener,
  staticCluster,
  wasmConfig,
} from "../support/proxy-config.ts";
import { PushedFilter } from "../support/pushed-filter.ts";
import { TestUpstream } from "../support/router-server.ts";
import { startSluice } from "../support/sluice-process.ts";
import { guest } from "../support/wasm-guest.ts";

const neighbourCount = 50;
const kills = 100;
const pushes = 12;
const latencyMs = 6000;

const ends: (() => unknown)[] = [];
const scope = { after: (end: () => unknown): void => void ends.unshift(end) };
const folder = mkdtempSync(path.join(os.tmpdir(), "sluice-faults-"));
scope.after(() => rmSync(folder, { recursive: true }));

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}

async function timed<T>(run: () => Promise<T> | T): Promise<[result: T, tookMs: number]> {
  const start = performance.now();
  const result = await run();
  return [result, performance.now() - start];
}

async function bombs(): Promise<void> {
  for (const [name, [make]] of Object.entries(compileBombs)) {
    const bytes = make();
    const [result, tookMs] = await timed(() => rewriteModule(bytes));
    assert.ok(!result.ok);
    console.log(`${name}: refused after ${ms(tookMs)}`);
  }
}

async function callbacks(upstreamPort: number): Promise<void> {
  const proxy = await failingProxy(folder, failingCallbacks, upstreamPort);
  await startSluice(scope, { folder, args: ["--concurrency", "1"], config: proxy.config });
  const neighbours = await Neighbours.start(proxy.neighbourPort, neighbourCount);
  scope.after(() => neighbours.stop());
  await neighbours.ask();
  for (const { callback, failure, port } of proxy.cases) {
    const round = timed(() => neighbours.ask());
    const [outcome, tookMs] = await timed(() => outcomeOf(port));
    const [, roundMs] = await round;
    console.log(
      `${failure} in ${callback.name}: ${outcome} after ${ms(tookMs)}, all ${neighbourCount} neighbours after ${ms(roundMs)}`,
    );
  }
}

/** A module that traps in each request, in a VM that is made anew for each. */
async function killsInARow(upstreamPort: number): Promise<void> {
  const file = path.join(folder, "kill.wasm");
  writeFileSync(
    file,
    await guest(
      `(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) unreachable)`,
    ),
  );
  const [port, neighbourPort] = [await freePort(), await freePort()];
  const reload = {
    failure_policy: "FAIL_RELOAD",
    reload_config: { backoff: { base_interval: "0.001s" } },
  };
  const config = wasmConfig(file, { name: "kill", plugin: reload });
  const trailers = { http_protocol_options: { enable_trailers: true } };
  const clusters = [staticCluster("upstream", [upstreamPort])];
  const listeners = [
    httpListener({ name: "kill", port, filters: [httpFilter("kill", config)], hcm: trailers }),
    httpListener({ name: "neighbour", port: neighbourPort, hcm: trailers }),
  ];
  await startSluice(scope, {
    folder,
    args: ["--concurrency", "1"],
    config: bootstrap(listeners, clusters),
  });
  const neighbours = await Neighbours.start(neighbourPort, neighbourCount);
  scope.after(() => neighbours.stop());
  const times: number[] = [];
  for (let i = 0; i < kills; i += 1) {
    const round = timed(() => neighbours.ask());
    assert.equal(await outcomeOf(port), 503);
    times.push((await round)[1]);
  }
  times.sort((a, b) => a - b);
  console.log(
    `${kills} failures in a row: no neighbour lost anything; their rounds: median ${ms(times[kills / 2]!)}, max ${ms(times.at(-1)!)}`,
  );
}

/** Latencies of requests one after another on each of some connections, sorted. */
async function latencies(port: number, untilMs: () => boolean): Promise<number[]> {
  const taken: number[] = [];
  const run = async (): Promise<void> => {
    const socket = net.connect({ port, host: "127.0.0.1", noDelay: true });
    while (!untilMs()) {
      const start = performance.now();
      socket.write(requestWithTrailers);
      let text = "";
      while (!isComplete(text)) {
        const [chunk] = (await new Promise<[Buffer]>((resolve, reject) => {
          socket.once("data", (data: Buffer) => resolve([data]));
          socket.once("close", () => reject(new Error("closed")));
        })) as [Buffer];
        text += chunk.toString("latin1");
      }
      taken.push(performance.now() - start);
      socket.removeAllListeners("close");
      await sleep(2);
    }
    socket.destroy();
  };
  await Promise.all(Array.from({ length: 8 }, run));
  return taken.sort((a, b) => a - b);
}

async function largeModule(upstreamPort: number): Promise<void> {
  const file = path.resolve(import.meta.dirname, "../fixtures/wasm/go/probe.wasm");
  if (!existsSync(file)) {
    console.log("large module: test/fixtures/wasm/go/build.sh has not been run");
    return;
  }
  // Each version is another module, by a custom section: nothing comes from a cache.
  const code = readFileSync(file);
  const version = (name: string) => {
    const copy = path.join(folder, `${name}.wasm`);
    const label = Buffer.from(name);
    const section = Buffer.from([0, label.length + 1, label.length, ...label]);
    writeFileSync(copy, Buffer.concat([code, section]));
    return wasmConfig(copy, { name: "large" });
  };
  const pushed = new PushedFilter(folder, "large", ["wasm"], version("first"));
  const [port, pushedPort] = [await freePort(), await freePort()];
  const trailers = { http_protocol_options: { enable_trailers: true } };
  const sluice = await startSluice(scope, {
    folder,
    args: ["--concurrency", "1"],
    config: bootstrap(
      [
        httpListener({ name: "steady", port, hcm: trailers }),
        httpListener({ name: "pushed", port: pushedPort, filters: [pushed.entry()] }),
      ],
      [staticCluster("upstream", [upstreamPort])],
    ),
  });
  const p99 = async (until: () => boolean): Promise<number> => {
    const taken = await latencies(port, until);
    return taken[Math.floor(taken.length * 0.99)]!;
  };
  const forAWhile = (): (() => boolean) => {
    const end = performance.now() + latencyMs;
    return () => performance.now() > end;
  };
  await p99(forAWhile());
  const steady = await p99(forAWhile());
  // Written before, because this thread measures, too.
  const versions = Array.from({ length: pushes }, (_, i) => [`v${i}`, version(`v${i}`)] as const);
  let done = false;
  const loading = p99(() => done);
  for (const [name, config] of versions) await pushed.push(sluice, name, config);
  done = true;
  const during = await loading;
  console.log(
    `p99 of a steady listener: ${ms(steady)}; while a module of 2.7 MB is loaded ${pushes} times: ${ms(during)}, x${(during / steady).toFixed(2)}`,
  );
}

const parts: Readonly<Record<string, (upstreamPort: number) => Promise<void>>> = {
  bombs,
  callbacks,
  kills: killsInARow,
  large: largeModule,
};
const upstream = await TestUpstream.start(answeringWithTrailers);
scope.after(() => upstream[Symbol.asyncDispose]());
try {
  for (const [name, part] of Object.entries(parts)) {
    if ((process.argv[2] ?? name) === name) await part(upstream.port);
  }
} finally {
  for (const end of ends) await end();
}
