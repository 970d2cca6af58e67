import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { ResponseFlag } from "../../host/src/contracts/stream-info.ts";
import { hostStatPrefix } from "../../host/src/upstream/host.ts";
import { FrozenDispatcher, TestClient } from "../support/hcm-server.ts";
import {
  answering,
  clusterOf,
  ok,
  RouterServer,
  TestUpstream,
  type RouterServerOptions,
} from "../support/router-server.ts";

// Pools through real sockets: what is reused, what is not, and what waits.

const routes = [{ match: { prefix: "/" }, route: { cluster: "up" } }];
const get = (target = "/"): string => `GET ${target} HTTP/1.1\r\nhost: h\r\n\r\n`;

const start = (
  ports: readonly number[],
  more: Parameters<typeof clusterOf>[2] = {},
  options: Partial<RouterServerOptions> = {},
): Promise<RouterServer> =>
  RouterServer.start({ routes, clusters: [clusterOf("up", ports, more)], ...options });

const stat = (proxy: RouterServer, name: string): number =>
  proxy.clusters.values("cluster.up.").get(name) ?? 0;

/** Lets events happen until `done`. */
async function until(done: () => boolean, what: string): Promise<void> {
  for (let turns = 0; !done(); turns += 1) {
    assert.ok(turns < 20_000, `never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, turns < 100 ? 0 : 1));
  }
}

async function responseTo(proxy: RouterServer, request: string): Promise<string> {
  await using client = await TestClient.connect(proxy.port);
  client.send(request);
  return await client.response();
}

/** An upstream that answers a request when the test says so. */
class HoldingUpstream {
  readonly waiting: { readonly socket: net.Socket; readonly target: string }[] = [];

  readonly behave = (socket: net.Socket): void => {
    answering((head) => {
      this.waiting.push({ socket, target: head.split(" ")[1]! });
      return "";
    })(socket);
  };

  async until(count: number): Promise<void> {
    await until(() => this.waiting.length >= count, `${count} requests upstream`);
  }

  answer(index = 0): void {
    const [{ socket, target }] = this.waiting.splice(index, 1) as [(typeof this.waiting)[0]];
    socket.write(ok(target));
  }
}

test("A pool uses the connection that became idle last", async () => {
  const holding = new HoldingUpstream();
  await using upstream = await TestUpstream.start(holding.behave);
  await using proxy = await start([upstream.port]);
  await using first = await TestClient.connect(proxy.port);
  await using second = await TestClient.connect(proxy.port);
  first.send(get("/1"));
  await holding.until(1);
  second.send(get("/2"));
  await holding.until(2);
  const [one, two] = holding.waiting.map(({ socket }) => socket);
  holding.answer(1);
  await second.response();
  holding.answer(0);
  await first.response();
  for (let i = 0; i < 3; i += 1) {
    first.send(get("/3"));
    await holding.until(1);
    assert.equal(holding.waiting[0]!.socket, one, "the one whose response ended last");
    holding.answer();
    await first.response();
  }
  assert.notEqual(one, two);
  assert.equal(stat(proxy, "upstream_cx_total"), 2);
  assert.equal(stat(proxy, "upstream_rq_total"), 5);
  assert.equal(stat(proxy, "upstream_rq_active"), 0);
});

test("Requests wait for a connection in the order of their arrival", async () => {
  const holding = new HoldingUpstream();
  await using upstream = await TestUpstream.start(holding.behave);
  const thresholds = [{ max_connections: 1 }];
  await using proxy = await start([upstream.port], { circuit_breakers: { thresholds } });
  const clients: TestClient[] = [];
  for (let i = 0; i < 4; i += 1) {
    const client = await TestClient.connect(proxy.port);
    clients.push(client);
    client.send(get(`/${i}`));
    await until(() => stat(proxy, "upstream_rq_pending_total") === i + 1, "the request waits");
  }
  for (const [i, client] of clients.entries()) {
    await holding.until(1);
    assert.equal(stat(proxy, "upstream_rq_pending_active"), 3 - i);
    holding.answer();
    assert.match(await client.response(), new RegExp(`\r\n\r\n/${i}$`));
    await client[Symbol.asyncDispose]();
  }
  assert.equal(upstream.sockets.length, 1);
  assert.ok(stat(proxy, "upstream_cx_overflow") >= 3);
  assert.equal(stat(proxy, "upstream_rq_pending_active"), 0);
});

test("A request beyond max_pending_requests is refused at once", async () => {
  const holding = new HoldingUpstream();
  await using upstream = await TestUpstream.start(holding.behave);
  const thresholds = [{ max_connections: 1, max_pending_requests: 1 }];
  await using proxy = await start([upstream.port], { circuit_breakers: { thresholds } });
  await using first = await TestClient.connect(proxy.port);
  await using second = await TestClient.connect(proxy.port);
  first.send(get("/1"));
  await holding.until(1);
  second.send(get("/2"));
  await until(() => stat(proxy, "upstream_rq_pending_active") === 1, "the second waits");
  const refused = await responseTo(proxy, get("/3"));
  assert.match(refused, /^HTTP\/1.1 503 .*\r\nx-envoy-overloaded: true\r\n/s);
  assert.equal(proxy.server.logged[0]!.responseFlags, ResponseFlag.UpstreamOverflow);
  assert.equal(stat(proxy, "upstream_rq_pending_overflow"), 1);
  holding.answer();
  assert.match(await first.response(), /\/1$/);
  await holding.until(1);
  holding.answer();
  assert.match(await second.response(), /\/2$/);
});

test("Circuit breakers count the requests of all workers", async () => {
  const holding = new HoldingUpstream();
  await using upstream = await TestUpstream.start(holding.behave);
  const thresholds = [{ max_requests: 1 }];
  const cluster = clusterOf("up", [upstream.port], { circuit_breakers: { thresholds } });
  await using proxy = await RouterServer.start({ routes, clusters: [cluster] });
  // Another worker's row: 2 priorities of 4 resources, requests third.
  const counts = new Int32Array(cluster.resourceCounts);
  counts[8 + 2] = 1;
  assert.match(await responseTo(proxy, get()), /^HTTP\/1.1 503 /);
  assert.equal(stat(proxy, "upstream_rq_active_overflow"), 1);
  assert.equal(stat(proxy, "circuit_breakers.default.rq_open"), 1);
  counts[8 + 2] = 0;
  const response = responseTo(proxy, get("/x"));
  await holding.until(1);
  assert.equal(counts[2], 1, "this worker's own row");
  holding.answer();
  assert.match(await response, /^HTTP\/1.1 200 /);
  assert.deepEqual(
    [...counts.subarray(0, 8)],
    [1, 0, 0, 0, 0, 0, 0, 0],
    "an idle connection is left",
  );
});

test("Priorities have circuit breakers and connections of their own", async () => {
  await using upstream = await TestUpstream.start(answering(() => ok("")));
  const thresholds = [{ max_requests: 0 }, { priority: "HIGH", max_requests: 1 }];
  const high = { match: { prefix: "/high" }, route: { cluster: "up", priority: "HIGH" } };
  const cluster = clusterOf("up", [upstream.port], { circuit_breakers: { thresholds } });
  await using proxy = await RouterServer.start({ routes: [high, ...routes], clusters: [cluster] });
  assert.match(await responseTo(proxy, get("/low")), /^HTTP\/1.1 503 /);
  assert.match(await responseTo(proxy, get("/high")), /^HTTP\/1.1 200 /);
  assert.equal(upstream.sockets.length, 2);
});

/** A listener whose thread never accepts, with its backlog full: the next connect() hangs. */
async function deafListener(): Promise<{ port: number; close: () => Promise<void> }> {
  const worker = new Worker(
    `const net = require("node:net"); const { parentPort } = require("node:worker_threads");
     const server = net.createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
       parentPort.postMessage(server.address().port);
       Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
     });`,
    { eval: true },
  );
  const [port] = (await once(worker, "message")) as [number];
  const fillers: net.Socket[] = [];
  for (let connected = true; connected;) {
    const socket = net.connect(port, "127.0.0.1");
    socket.on("error", () => undefined);
    fillers.push(socket);
    const late = new Promise((resolve) => setTimeout(resolve, 200, false));
    connected = (await Promise.race([once(socket, "connect").then(() => true), late])) as boolean;
  }
  const close = async (): Promise<void> => {
    for (const socket of fillers) socket.destroy();
    await worker.terminate();
  };
  return { port, close };
}

test("A connection that does not come about fails its requests at the connect timeout", async () => {
  const deaf = await deafListener();
  const dispatcher = new FrozenDispatcher();
  await using proxy = await start([deaf.port], { connect_timeout: "2s" }, { dispatcher });
  await using first = await TestClient.connect(proxy.port);
  await using second = await TestClient.connect(proxy.port);
  first.send(get());
  second.send(get());
  await until(() => stat(proxy, "upstream_cx_total") === 2, "both connections are begun");
  dispatcher.advance(1990);
  assert.equal(first.text, "");
  dispatcher.advance(30);
  for (const client of [first, second]) {
    const text = await client.response();
    assert.match(text, /^HTTP\/1.1 503 .*reset reason: connection timeout$/s);
  }
  const info = proxy.server.logged[0]!;
  assert.equal(info.responseFlags, ResponseFlag.UpstreamConnectionFailure);
  assert.match(
    info.responseCodeDetails,
    /^upstream_reset_before_response_started\{connection_timeout\}$/,
  );
  // The first timeout fails both requests; the second connection's timeout is counted all the same.
  assert.equal(stat(proxy, "upstream_cx_connect_timeout"), 2);
  assert.equal(stat(proxy, "upstream_cx_connect_fail"), 2);
  assert.equal(stat(proxy, "upstream_rq_pending_failure_eject"), 2);
  assert.equal(stat(proxy, "upstream_cx_active"), 0);
  await deaf.close();
});

test("A pooled connection is closed after idle_timeout, counted from its last use", async () => {
  const dispatcher = new FrozenDispatcher();
  await using upstream = await TestUpstream.start(answering(() => ok("")));
  const options = { common_http_protocol_options: { idle_timeout: "10s" } };
  await using proxy = await start([upstream.port], options, { dispatcher });
  await using client = await TestClient.connect(proxy.port);
  for (let i = 0; i < 4; i += 1) {
    client.send(get());
    await client.response();
    dispatcher.advance(6000);
  }
  assert.equal(upstream.sockets.length, 1);
  dispatcher.advance(3000);
  assert.equal(stat(proxy, "upstream_cx_idle_timeout"), 0);
  dispatcher.advance(1100);
  assert.equal(stat(proxy, "upstream_cx_idle_timeout"), 1);
  assert.equal(stat(proxy, "upstream_cx_active"), 0);
  client.send(get());
  await client.response();
  assert.equal(upstream.sockets.length, 2);
});

test("Bytes on an idle connection close it", async () => {
  await using upstream = await TestUpstream.start(answering(() => ok("")));
  await using proxy = await start([upstream.port]);
  await responseTo(proxy, get());
  upstream.sockets[0]!.write("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil");
  await until(() => stat(proxy, "upstream_cx_active") === 0, "the connection is closed");
  assert.equal(stat(proxy, "upstream_cx_protocol_error"), 1);
  assert.equal(stat(proxy, "upstream_cx_destroy_local"), 1);
  assert.match(await responseTo(proxy, get()), /^HTTP\/1.1 200 /);
  assert.equal(upstream.sockets.length, 2);
});

test("A connection that the upstream closes while it is idle is not used again", async () => {
  for (const end of ["end", "resetAndDestroy"] as const) {
    await using upstream = await TestUpstream.start(answering(() => ok("")));
    await using proxy = await start([upstream.port]);
    await responseTo(proxy, get());
    upstream.sockets[0]![end]();
    await until(() => stat(proxy, "upstream_cx_active") === 0, "the connection is closed");
    assert.equal(stat(proxy, "upstream_cx_destroy_remote"), 1);
    assert.equal(stat(proxy, "upstream_cx_destroy_with_active_rq"), 0);
    assert.match(await responseTo(proxy, get()), /^HTTP\/1.1 200 /);
    assert.equal(upstream.sockets.length, 2);
  }
});

test("An upstream that closes behind each response costs no request a wrong answer", async () => {
  await using upstream = await TestUpstream.start((socket) => {
    answering((head) => ok(head.split(" ")[1]!))(socket);
    // The FIN is on its way when the next request may already be.
    socket.on("data", () => setImmediate(() => socket.end()));
  });
  await using proxy = await start([upstream.port]);
  await using client = await TestClient.connect(proxy.port);
  for (let i = 0; i < 1000; i += 1) {
    client.send(get(`/${i}`));
    const text = await client.response();
    if (text.startsWith("HTTP/1.1 200 ")) assert.match(text, new RegExp(`\r\n\r\n/${i}$`));
    else assert.match(text, /^HTTP\/1.1 503 .*reset reason: connection termination$/s);
  }
});

// Invariant: whatever an upstream does, a client gets the answer to its own request or an error.
test("No answer reaches another request than its own", async () => {
  const behaviours: readonly ((target: string) => string)[] = [
    (target) => ok(target),
    (target) => `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n${target}\r\n0\r\n\r\n`,
    (target) => ok(target, "connection: close\r\n"),
    (target) => `${ok(target)}${ok("/evil")}`,
    (target) => `${ok(target)}garbage`,
    (target) => `HTTP/1.1 100 Continue\r\n\r\n${ok(target)}`,
    () => "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n/evil",
    () => "HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n",
    () => "garbage\r\n\r\n",
    (target) => `HTTP/1.0 200 OK\r\ncontent-length: 5\r\n\r\n${target}`,
  ];
  let chosen: readonly number[] = [];
  let asked = 0;
  await using upstream = await TestUpstream.start(
    answering((head) => {
      const behaviour = behaviours[chosen[asked % chosen.length]!]!;
      asked += 1;
      return behaviour(head.split(" ")[1]!);
    }),
  );
  await using proxy = await start([upstream.port]);
  const choices = fc.array(fc.nat(behaviours.length - 1), { minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(choices, async (list) => {
      chosen = list;
      asked = 0;
      await using client = await TestClient.connect(proxy.port);
      for (let i = 0; i < list.length; i += 1) {
        const target = `/${String(i).padStart(4, "0")}`;
        client.send(get(target));
        const text = await client.response();
        const [status, body] = [text.slice(9, 12), text.slice(text.indexOf("\r\n\r\n") + 4)];
        if (status === "200") assert.ok(body.includes(target) && !body.includes("evil"), text);
        else assert.match(status, /^(204|304|502|503)$/);
      }
    }),
    { numRuns: 60 },
  );
});

test("A host can be a Unix socket", async () => {
  const file = path.join(mkdtempSync(path.join(tmpdir(), "pool-")), "up.sock");
  const server = net.createServer(answering(() => ok("by pipe"))).listen(file);
  await once(server, "listening");
  const endpoint = { endpoint: { address: { pipe: { path: file } } } };
  const load = { cluster_name: "up", endpoints: [{ lb_endpoints: [endpoint] }] };
  await using proxy = await start([], { load_assignment: load });
  assert.match(await responseTo(proxy, get()), /by pipe$/);
  assert.equal(proxy.server.logged[0]!.upstreamInfo!.host!.addressText, file);
  server.close();
});

test("A changed cluster takes new requests at once, and old ones finish where they are", async () => {
  const holding = new HoldingUpstream();
  await using old = await TestUpstream.start(holding.behave);
  await using fresh = await TestUpstream.start(answering(() => ok("new")));
  const before = clusterOf("up", [old.port]);
  await using proxy = await RouterServer.start({ routes, clusters: [before] });
  await using client = await TestClient.connect(proxy.port);
  client.send(get("/old"));
  await holding.until(1);
  const after = { ...clusterOf("up", [fresh.port]), resourceCounts: before.resourceCounts };
  proxy.clusters.put(after);
  assert.match(await responseTo(proxy, get()), /new$/);
  holding.answer();
  assert.match(await client.response(), /\/old$/);
  await until(() => stat(proxy, "upstream_cx_active") === 1, "the old host's connection closes");
  client.send(get());
  assert.match(await client.response(), /new$/);
  assert.equal(stat(proxy, "upstream_rq_total"), 3, "the stats went on");
});

test("A changed cluster keeps the connections of hosts that stay", async () => {
  await using stays = await TestUpstream.start(answering(() => ok("stays")));
  await using comes = await TestUpstream.start(answering(() => ok("comes")));
  const before = clusterOf("up", [stays.port]);
  await using proxy = await RouterServer.start({ routes, clusters: [before] });
  await responseTo(proxy, get());
  const { resourceCounts } = before;
  proxy.clusters.put({ ...clusterOf("up", [stays.port, comes.port]), resourceCounts });
  const bodies = [await responseTo(proxy, get()), await responseTo(proxy, get())];
  assert.deepEqual(bodies.map((text) => text.slice(-5)).sort(), ["comes", "stays"]);
  assert.equal(stays.sockets.length, 1);
  proxy.clusters.put({ ...clusterOf("up", [comes.port]), resourceCounts });
  await until(() => stat(proxy, "upstream_cx_active") === 1, "the host that went is let go");
  assert.match(await responseTo(proxy, get()), /comes$/);
  assert.equal(comes.sockets.length, 1);
});

test("A removed cluster finishes its requests, then its connections", async () => {
  const holding = new HoldingUpstream();
  await using upstream = await TestUpstream.start(holding.behave);
  await using proxy = await start([upstream.port]);
  await using client = await TestClient.connect(proxy.port);
  client.send(get("/last"));
  await holding.until(1);
  proxy.clusters.update({ clusters: [], removedClusters: ["up"] });
  const gone = await responseTo(proxy, get());
  assert.match(gone, /^HTTP\/1.1 503 /);
  assert.equal(proxy.server.logged[0]!.responseFlags, ResponseFlag.NoClusterFound);
  holding.answer();
  assert.match(await client.response(), /\/last$/);
  await until(() => stat(proxy, "upstream_cx_active") === 0, "the connection closes");
});

test("ClusterManagerImpl.stage() changes nothing before commit()", async () => {
  await using old = await TestUpstream.start(answering(() => ok("old")));
  await using fresh = await TestUpstream.start(answering(() => ok("new")));
  const before = clusterOf("up", [old.port]);
  await using proxy = await RouterServer.start({ routes, clusters: [before] });
  await responseTo(proxy, get());
  const { resourceCounts } = before;
  const change = { ...clusterOf("up", [fresh.port]), resourceCounts };
  proxy.clusters.manager.stage({ clusters: [change], removedClusters: [] });
  assert.match(await responseTo(proxy, get()), /old$/);
  assert.equal(old.sockets.length, 1, "its pool is as it was");
  proxy.clusters.manager.stage({ clusters: [change], removedClusters: [] }).commit();
  assert.match(await responseTo(proxy, get()), /new$/);
});

test("A client that goes away while its request waits cancels it", async () => {
  const holding = new HoldingUpstream();
  await using upstream = await TestUpstream.start(holding.behave);
  const thresholds = [{ max_connections: 1 }];
  await using proxy = await start([upstream.port], { circuit_breakers: { thresholds } });
  await using first = await TestClient.connect(proxy.port);
  first.send(get("/1"));
  await holding.until(1);
  const second = await TestClient.connect(proxy.port);
  second.send(get("/2"));
  await until(() => stat(proxy, "upstream_rq_pending_active") === 1, "the second waits");
  await second[Symbol.asyncDispose]();
  await until(() => stat(proxy, "upstream_rq_cancelled") === 1, "it is cancelled");
  assert.equal(stat(proxy, "upstream_rq_pending_active"), 0);
  holding.answer();
  assert.match(await first.response(), /\/1$/);
  assert.equal(upstream.sockets.length, 1);
});

test("A client that goes away during its request closes the upstream connection", async () => {
  const holding = new HoldingUpstream();
  await using upstream = await TestUpstream.start(holding.behave);
  await using proxy = await start([upstream.port]);
  const client = await TestClient.connect(proxy.port);
  client.send(get("/1"));
  await holding.until(1);
  await client[Symbol.asyncDispose]();
  await until(() => stat(proxy, "upstream_cx_active") === 0, "the connection is closed");
  assert.equal(stat(proxy, "upstream_cx_destroy_local_with_active_rq"), 1);
  assert.equal(stat(proxy, "upstream_rq_active"), 0);
  const info = await proxy.server.untilLogged(1);
  assert.equal(info.responseFlags, ResponseFlag.DownstreamConnectionTermination);
});

test("A cluster's name may have what a stat name may not", async () => {
  await using upstream = await TestUpstream.start(answering(() => ok("")));
  const name = "http://a:80";
  const toIt = [{ match: { prefix: "/" }, route: { cluster: name } }];
  const cluster = clusterOf(name, [upstream.port]);
  await using proxy = await RouterServer.start({ routes: toIt, clusters: [cluster] });
  assert.match(await responseTo(proxy, get()), /^HTTP\/1.1 200 /);
  assert.equal(proxy.clusters.values("cluster.http_a_80.").get("upstream_rq_total"), 1);
  const hidden = proxy.clusters.stats.hiddenCounter(`${hostStatPrefix(cluster, 0)}.rq_total`);
  assert.equal(hidden.value, 1);
  assert.doesNotMatch(hidden.name, /:/);
  assert.equal(proxy.server.logged[0]!.upstreamInfo!.clusterObservabilityName, name);
});
