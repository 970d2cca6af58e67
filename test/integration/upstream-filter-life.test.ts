import assert from "node:assert/strict";
import type net from "node:net";
import { test } from "node:test";
import {
  FilterHeadersStatus,
  type HttpFilterInstances,
} from "../../host/src/contracts/http/filter.ts";
import { StreamResetReason } from "../../host/src/contracts/http/codec.ts";
import { FilterChain } from "../../host/src/http/filter-manager/filter-chain.ts";
import { ClusterFilterChain } from "../../host/src/worker/cluster-filters.ts";
import { ScriptedFilter } from "../support/filter-harness.ts";
import { TestClient } from "../support/hcm-server.ts";
import { answering, clusterOf, ok, RouterServer, TestUpstream } from "../support/router-server.ts";

// How the filters of an upstream request begin and end, with a real connection on either side.

const get = "GET / HTTP/1.1\r\nhost: h\r\n\r\n";

/** A client, a proxy whose cluster has the filters `A` and `B`, and an upstream. */
class Bench implements AsyncDisposable {
  readonly journal: string[] = [];
  readonly filters: ScriptedFilter[] = [];
  disposed = 0;
  proxy!: RouterServer;
  upstream!: TestUpstream;
  client!: TestClient;
  chain!: ClusterFilterChain;

  static async start(
    behave: (socket: net.Socket) => void,
    script: (filter: ScriptedFilter) => void = () => undefined,
  ): Promise<Bench> {
    const bench = new Bench();
    bench.upstream = await TestUpstream.start(behave);
    const cluster = clusterOf("up", [bench.upstream.port]);
    bench.proxy = await RouterServer.start({
      routes: [{ match: { prefix: "/" }, route: { cluster: "up" } }],
      clusters: [],
    });
    const { clusters } = bench.proxy;
    const entries = ["A", "B"].map((name) => ({
      name,
      disabled: false,
      instances: bench.#instances(name, script),
      provider: undefined,
    }));
    bench.chain = new ClusterFilterChain(new FilterChain(entries, "open"), clusters.dispatcher);
    const update = { clusters: [cluster], removedClusters: [] };
    clusters.manager.stage(update, new Map([["up", { httpFilters: bench.chain }]])).commit();
    clusters.main.commit(update);
    bench.client = await TestClient.connect(bench.proxy.port);
    return bench;
  }

  #instances(name: string, script: (filter: ScriptedFilter) => void): HttpFilterInstances {
    return {
      createFilters: (callbacks) => {
        const filter = new ScriptedFilter(name, this.journal);
        this.filters.push(filter);
        script(filter);
        callbacks.addStreamFilter(filter);
      },
      dispose: () => (this.disposed += 1),
    };
  }

  filter(name: string): ScriptedFilter {
    return this.filters.find((filter) => filter.name === name)!;
  }

  /** Waits until every filter has been destroyed, and says whether each was once. */
  async untilDestroyed(): Promise<void> {
    await until(() => this.filters.length > 0 && this.filters.every((f) => f.destroyed > 0));
    assert.deepEqual(
      this.filters.map((filter) => filter.destroyed),
      this.filters.map(() => 1),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]();
    await this.proxy[Symbol.asyncDispose]();
    await this.upstream[Symbol.asyncDispose]();
  }
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!condition()) {
    assert.ok(performance.now() < deadline, "it comes to that");
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const silent = (socket: net.Socket): void => void socket.resume();

test("filters see the request forwards and the response backwards, and end with it", async () => {
  await using bench = await Bench.start(answering(() => ok("body")));
  bench.client.send(get);
  assert.match(await bench.client.response(), /^HTTP\/1\.1 200 /);
  await bench.untilDestroyed();
  const seen = bench.journal.filter((entry) => /\.(de|en)code(Headers|Data)/.test(entry));
  assert.deepEqual(seen, [
    "A.decodeHeaders(end)",
    "B.decodeHeaders(end)",
    "B.encodeHeaders()",
    "A.encodeHeaders()",
    "B.encodeData(body,end)",
    "A.encodeData(body,end)",
  ]);
});

test("a client that leaves ends the filters and the upstream's connection", async () => {
  await using bench = await Bench.start(silent);
  bench.client.send(get);
  await bench.upstream.untilConnected(1);
  await until(() => bench.filters.length === 2);
  bench.client.socket.destroy();
  await bench.untilDestroyed();
  await until(() => bench.upstream.sockets[0]!.readableEnded);
});

test("an upstream that leaves within its response ends the filters and cuts the client off", async () => {
  await using bench = await Bench.start((socket) => {
    socket.on("data", () => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\npart"));
  });
  bench.client.send(get);
  assert.match(await bench.client.untilClosed(), /\r\n\r\npart$/);
  await bench.untilDestroyed();
});

test("a filter that stops holds the request until it goes on", async () => {
  const bench = await Bench.start(
    answering(() => ok("late")),
    (filter) => {
      if (filter.name === "A") filter.onDecodeHeaders = () => FilterHeadersStatus.StopIteration;
    },
  );
  await using _ = bench;
  bench.client.send(get);
  await bench.upstream.untilConnected(1);
  await until(() => bench.filters.length === 2);
  assert.ok(!bench.journal.includes("B.decodeHeaders(end)"));
  bench.filter("A").decoder.continueDecoding();
  assert.ok((await bench.client.response()).endsWith("late"));
  await bench.untilDestroyed();
});

test("an answer instead of the response ends the attempt", async () => {
  const bench = await Bench.start(
    answering(() => ok("secret")),
    (filter) => {
      filter.onEncodeHeaders = () => {
        if (filter.name !== "B") return FilterHeadersStatus.Continue;
        filter.encoder.sendLocalReply({ code: 502, body: "hidden", details: "test" });
        return FilterHeadersStatus.StopIteration;
      };
    },
  );
  await using _ = bench;
  bench.client.send(get);
  const response = await bench.client.response();
  assert.match(response, /^HTTP\/1\.1 502 /);
  assert.ok(response.endsWith("hidden"));
  await bench.untilDestroyed();
  assert.ok(!bench.journal.some((entry) => entry.startsWith("A.encodeHeaders")));
});

test("a filter that resets the stream closes the client's connection", async () => {
  const bench = await Bench.start(
    answering(() => ok("")),
    (filter) => {
      if (filter.name !== "B") return;
      filter.onDecodeHeaders = () => {
        filter.decoder.resetStream(StreamResetReason.LocalReset, "test");
        return FilterHeadersStatus.StopIteration;
      };
    },
  );
  await using _ = bench;
  bench.client.send(get);
  assert.equal(await bench.client.untilClosed(), "");
  await bench.untilDestroyed();
});

test("a 100 passes the filters", async () => {
  await using bench = await Bench.start((socket) => {
    socket.once("data", () => socket.write(`HTTP/1.1 100 Continue\r\n\r\n${ok("done")}`));
  });
  bench.client.send(get);
  assert.ok((await bench.client.response()).endsWith("done"));
  assert.deepEqual(
    bench.journal.filter((entry) => entry.includes("1xx")),
    ["B.encode1xxHeaders(100)", "A.encode1xxHeaders(100)"],
  );
});

test("filters of a cluster that is replaced live until their last stream has ended", async () => {
  let answer: (() => void) | undefined;
  await using bench = await Bench.start((socket) => {
    socket.on("data", () => (answer = () => socket.write(ok("old"))));
  });
  bench.client.send(get);
  await until(() => answer !== undefined);
  bench.proxy.clusters.put(clusterOf("up", [bench.upstream.port]));
  assert.equal(bench.disposed, 0);
  answer!();
  assert.ok((await bench.client.response()).endsWith("old"));
  await until(() => bench.disposed === 2);
  answer = undefined;
  bench.client.send(get);
  await until(() => answer !== undefined);
  answer!();
  await bench.client.response();
  assert.equal(bench.filters.length, 2, "the new configuration has none");
});
