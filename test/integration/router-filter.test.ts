import assert from "node:assert/strict";
import type net from "node:net";
import { describe, test } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import {
  FilterDataStatus,
  FilterHeadersStatus,
  FilterTrailersStatus,
  type HttpFilterInstances,
  type StreamDecoderFilter,
} from "../../host/src/contracts/http/filter.ts";
import { ResponseFlag } from "../../host/src/contracts/stream-info.ts";
import { hostStatPrefix } from "../../host/src/upstream/host.ts";
import { defaultHcmConfig, FrozenDispatcher, TestClient } from "../support/hcm-server.ts";
import {
  answering,
  clusterOf,
  ok,
  RouterServer,
  type RouterServerOptions,
  TestUpstream,
} from "../support/router-server.ts";

/** Requests from 127.0.0.1 are internal. */
const internal = {
  forwarded: {
    ...defaultHcmConfig.forwarded,
    useRemoteAddress: true,
    internalAddresses: {
      cidrRanges: [{ ip: "127.0.0.0", family: 4 as const, prefixLength: 8 }],
      unixSockets: false,
    },
  },
};

interface Bench extends AsyncDisposable {
  readonly proxy: RouterServer;
  readonly upstream: TestUpstream;
  readonly client: TestClient;
}

interface BenchOptions extends Partial<RouterServerOptions> {
  readonly route?: JsonObject;
  readonly cluster?: JsonObject;
}

/** A client, a proxy with one route, and an upstream. */
async function bench(
  behave: (socket: net.Socket) => void,
  { route = {}, cluster = {}, ...options }: BenchOptions = {},
): Promise<Bench> {
  const upstream = await TestUpstream.start(behave);
  const proxy = await RouterServer.start({
    routes: [{ match: { prefix: "/" }, route: { cluster: "up", ...route } }],
    clusters: [clusterOf("up", [upstream.port], cluster)],
    ...options,
  });
  const client = await TestClient.connect(proxy.port);
  return {
    proxy,
    upstream,
    client,
    [Symbol.asyncDispose]: async () => {
      await client[Symbol.asyncDispose]();
      await proxy[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

const echo = answering((head) => ok(head));
const get = (...lines: string[]): string =>
  `GET / HTTP/1.1\r\n${["host: h", ...lines].join("\r\n")}\r\n\r\n`;
const stat = (proxy: RouterServer, name: string): number =>
  proxy.clusters.values("cluster.up.").get(name) ?? 0;
const hostStat = (proxy: RouterServer, name: string): number => {
  const prefix = hostStatPrefix(proxy.clusters.main.configs[0]!, 0);
  return proxy.clusters.stats.hiddenCounter(`${prefix}.${name}`).value;
};

async function until(done: () => boolean, what: string): Promise<void> {
  for (let turns = 0; !done(); turns += 1) {
    assert.ok(turns < 20_000, `never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, turns < 100 ? 0 : 1));
  }
}

/** The head as the upstream received it, in the answer of `echo`. */
async function upstreamHead(client: TestClient, request: string): Promise<string> {
  client.send(request);
  const response = await client.response();
  return response.slice(response.indexOf("\r\n\r\n") + 4);
}

describe("the route timeout", () => {
  const post = "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 6\r\n\r\nabc";

  test("begins when the request has been received whole", async () => {
    const dispatcher = new FrozenDispatcher();
    await using b = await bench(() => undefined, { dispatcher, route: { timeout: "1s" } });
    b.client.send(post);
    await until(() => stat(b.proxy, "upstream_rq_active") === 1, "the request is under way");
    dispatcher.advance(60_000);
    assert.equal(b.client.text, "");
    b.client.send("def");
    await until(() => b.upstream.sockets[0]!.bytesRead > 100, "the body is there");
    const sent = b.proxy.clusters.values("cluster.up.").get("upstream_cx_tx_bytes_total")!;
    await until(() => b.upstream.sockets[0]!.bytesRead >= sent, "all of it");
    dispatcher.advance(900);
    assert.equal(b.client.text, "");
    dispatcher.advance(200);
    assert.match(await b.client.response(), /^HTTP\/1.1 504 .*\r\n\r\nupstream request timeout$/s);
    assert.equal(stat(b.proxy, "upstream_rq_timeout"), 1);
    assert.equal(hostStat(b.proxy, "rq_timeout"), 1);
  });

  test("does not cut a response that came in time", async () => {
    const dispatcher = new FrozenDispatcher();
    await using b = await bench(echo, { dispatcher, route: { timeout: "1s" } });
    for (let i = 0; i < 3; i += 1) {
      await upstreamHead(b.client, get());
      dispatcher.advance(5000);
    }
    assert.equal(stat(b.proxy, "upstream_rq_timeout"), 0);
    assert.equal(b.upstream.sockets.length, 1);
  });

  test("of 0 does not exist", async () => {
    const dispatcher = new FrozenDispatcher();
    const sockets: net.Socket[] = [];
    const hold = (socket: net.Socket): void => void sockets.push(socket);
    const hcm = { streamIdleTimeoutMs: 0 };
    await using b = await bench(hold, { dispatcher, hcm, route: { timeout: "0s" } });
    b.client.send(get());
    await until(() => stat(b.proxy, "upstream_rq_active") === 1, "the request is under way");
    dispatcher.advance(3_600_000);
    sockets[0]!.write(ok("late"));
    const response = await b.client.response();
    assert.match(response, /late$/);
    assert.match(response, /\r\nx-envoy-upstream-service-time: 3600000\r\n/);
  });

  test("ends each of many requests when its own time has come", async () => {
    const dispatcher = new FrozenDispatcher();
    await using b = await bench(() => undefined, { dispatcher, route: { timeout: "1s" } });
    await using other = await TestClient.connect(b.proxy.port);
    b.client.send(get());
    await until(() => stat(b.proxy, "upstream_rq_active") === 1, "the first is under way");
    dispatcher.advance(600);
    other.send(get());
    await until(() => stat(b.proxy, "upstream_rq_active") === 2, "the second is under way");
    dispatcher.advance(500);
    await b.client.response();
    assert.equal(other.text, "");
    dispatcher.advance(600);
    await other.response();
    assert.equal(stat(b.proxy, "upstream_rq_timeout"), 2);
  });
});

describe("timeouts in headers of internal requests", () => {
  const timeout = "x-envoy-upstream-rq-timeout-ms: 7000";
  const cases: readonly { lines: string[]; expected: string | undefined; router?: JsonObject }[] = [
    { lines: [], expected: "15000" },
    { lines: [timeout], expected: "7000" },
    { lines: ["x-envoy-upstream-rq-timeout-ms: abc"], expected: "15000" },
    { lines: ["x-envoy-upstream-rq-timeout-ms: 0"], expected: undefined },
    { lines: ["x-envoy-expected-rq-timeout-ms: 77"], expected: "15000" },
    { lines: ["x-envoy-upstream-rq-per-try-timeout-ms: 300"], expected: "300" },
    { lines: ["x-envoy-upstream-rq-per-try-timeout-ms: 15000"], expected: "15000" },
  ];
  for (const { lines, expected } of cases) {
    test(`say ${expected ?? "nothing"} to the upstream for ${lines[0] ?? "none"}`, async () => {
      await using b = await bench(echo, { hcm: internal });
      const head = await upstreamHead(b.client, get(...lines));
      const said = /\r\nx-envoy-expected-rq-timeout-ms: (\d+)/.exec(head)?.[1];
      assert.equal(said, expected);
      assert.doesNotMatch(head, /x-envoy-upstream-rq/);
    });
  }

  test("respect x-envoy-expected-rq-timeout-ms where configured", async () => {
    const router = { respectExpectedRqTimeout: true };
    await using b = await bench(echo, { hcm: internal, router });
    const head = await upstreamHead(b.client, get("x-envoy-expected-rq-timeout-ms: 77"));
    assert.match(head, /\r\nx-envoy-expected-rq-timeout-ms: 77\r\n/);
  });

  test("end the request, the per-try one with its own details and count", async () => {
    const limits = [
      { line: "x-envoy-upstream-rq-timeout-ms: 100", name: "timeout", details: "response_timeout" },
      {
        line: "x-envoy-upstream-rq-per-try-timeout-ms: 100",
        name: "per_try_timeout",
        details: "upstream_per_try_timeout",
      },
    ];
    for (const { line, name, details } of limits) {
      const dispatcher = new FrozenDispatcher();
      await using b = await bench(() => undefined, { dispatcher, hcm: internal });
      b.client.send(get(line));
      await until(() => stat(b.proxy, "upstream_rq_active") === 1, "the request is under way");
      dispatcher.advance(120);
      assert.match(await b.client.response(), /^HTTP\/1.1 504 .*upstream request timeout$/s);
      const info = await b.proxy.server.untilLogged(1);
      assert.equal(info.responseCodeDetails, details);
      assert.equal(info.responseFlags, ResponseFlag.UpstreamRequestTimeout);
      assert.equal(stat(b.proxy, `upstream_rq_${name}`), 1);
    }
  });

  test("answer 204 where the client wants that", async () => {
    const dispatcher = new FrozenDispatcher();
    await using b = await bench(() => undefined, { dispatcher, hcm: internal });
    const lines = [
      "x-envoy-upstream-rq-timeout-ms: 100",
      "x-envoy-upstream-rq-timeout-alt-response: 1",
    ];
    b.client.send(get(...lines));
    await until(() => stat(b.proxy, "upstream_rq_active") === 1, "the request is under way");
    dispatcher.advance(120);
    assert.match(await b.client.response(), /^HTTP\/1.1 204 No Content\r\n/);
    assert.equal(stat(b.proxy, "internal.upstream_rq_204"), 1);
    assert.equal(hostStat(b.proxy, "rq_error"), 1);
  });

  test("leave no header of retries to the upstream", async () => {
    await using b = await bench(echo, { hcm: internal });
    const names = ["retry-on", "retry-grpc-on", "max-retries", "retriable-status-codes"];
    const more = ["retriable-header-names", "hedge-on-per-try-timeout"];
    const lines = [...names, ...more].map((name) => `x-envoy-${name}: 5`);
    const head = await upstreamHead(b.client, get(...lines));
    assert.doesNotMatch(head, /x-envoy-(retr|max|hedge)/);
  });
});

describe("statistics", () => {
  test("of internal requests are apart from those of others", async () => {
    await using b = await bench(echo, { hcm: internal });
    await upstreamHead(b.client, get());
    await upstreamHead(b.client, get("x-forwarded-for: 8.8.8.8"));
    assert.equal(stat(b.proxy, "upstream_rq_200"), 2);
    assert.equal(stat(b.proxy, "internal.upstream_rq_200"), 1);
    assert.equal(stat(b.proxy, "external.upstream_rq_2xx"), 1);
    const names = b.proxy.clusters.histograms("cluster.up.");
    for (const name of ["upstream_rq_time", "internal.upstream_rq_time"])
      assert.ok(names.includes(name));
  });

  test("are kept once more below x-envoy-upstream-alt-stat-name", async () => {
    await using b = await bench(echo, { hcm: internal });
    const head = await upstreamHead(b.client, get("x-envoy-upstream-alt-stat-name: alt"));
    assert.doesNotMatch(head, /alt-stat-name/);
    assert.equal(stat(b.proxy, "alt.internal.upstream_rq_200"), 1);
    assert.equal(stat(b.proxy, "upstream_rq_200"), 1);
  });

  test("of canary hosts and responses are apart", async () => {
    const answer = answering(() => ok("", "x-envoy-upstream-canary: true\r\n"));
    await using b = await bench(answer);
    b.client.send(get());
    await b.client.response();
    assert.equal(stat(b.proxy, "canary.upstream_rq_200"), 1);
  });

  test("of codes are not kept without dynamic_stats", async () => {
    await using b = await bench(echo, { router: { dynamicStats: false } });
    await upstreamHead(b.client, get());
    assert.equal(stat(b.proxy, "upstream_rq_completed"), 0);
    assert.equal(stat(b.proxy, "upstream_rq_total"), 1);
  });

  test("call a gRPC response a success by its status", async () => {
    const answers = [
      "HTTP/1.1 200 OK\r\ngrpc-status: 0\r\ncontent-length: 0\r\n\r\n",
      "HTTP/1.1 200 OK\r\ngrpc-status: 13\r\ncontent-length: 0\r\n\r\n",
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\ngrpc-status: 5\r\n\r\n",
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\ngrpc-status: 2\r\n\r\n",
      "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx",
    ];
    let i = 0;
    const cluster = { http_protocol_options: { enable_trailers: true } };
    await using b = await bench(
      answering(() => answers[i++]!),
      { cluster },
    );
    for (const [success, error] of [
      [1, 0],
      [1, 1],
      [2, 1],
      [2, 2],
      [2, 3],
    ]) {
      b.client.send(get("content-type: application/grpc"));
      await b.client.response();
      assert.deepEqual(
        [hostStat(b.proxy, "rq_success"), hostStat(b.proxy, "rq_error")],
        [success, error],
      );
    }
  });
});

describe("suppress_envoy_headers", () => {
  test("adds none upstream and none downstream", async () => {
    const route = { prefix_rewrite: "/x", host_rewrite_literal: "new" };
    await using b = await bench(echo, { route, router: { suppressEnvoyHeaders: true } });
    b.client.send(get());
    assert.doesNotMatch(await b.client.response(), /x-envoy/);
  });

  test("also holds for an overload", async () => {
    const cluster = { circuit_breakers: { thresholds: [{ max_pending_requests: 0 }] } };
    await using b = await bench(echo, { cluster, router: { suppressEnvoyHeaders: true } });
    b.client.send(get());
    assert.doesNotMatch(await b.client.response(), /x-envoy/);
  });
});

test("Attempt counts are told where the virtual host wants it, also in errors", async () => {
  const virtualHost = {
    name: "v",
    domains: ["*"],
    include_request_attempt_count: true,
    include_attempt_count_in_response: true,
    routes: [{ match: { prefix: "/" }, route: { cluster: "up" } }],
  };
  await using upstream = await TestUpstream.start((socket) => {
    socket.once("data", () => socket.end());
  });
  const clusters = [clusterOf("up", [upstream.port])];
  await using proxy = await RouterServer.start({ virtualHosts: [virtualHost], clusters });
  await using client = await TestClient.connect(proxy.port);
  client.send(get());
  assert.match(await client.response(), /^HTTP\/1.1 503 .*\r\nx-envoy-attempt-count: 1\r\n/s);
});

describe("a body", () => {
  const megabyte = Buffer.alloc(1 << 20, "0123456789abcdef");

  test("larger than all buffers waits for a client that does not read", async () => {
    const total = 48;
    let written = 0;
    const behave = (socket: net.Socket): void => {
      socket.once("data", () => {
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${total * megabyte.length}\r\n\r\n`);
        const more = (): void => {
          if (written === total) return;
          written += 1;
          socket.write(megabyte, more);
        };
        more();
      });
    };
    await using b = await bench(behave);
    b.client.socket.pause();
    b.client.send(get());
    await until(() => stat(b.proxy, "upstream_flow_control_paused_reading_total") > 0, "a pause");
    let before = -1;
    await until(() => {
      const still = written === before;
      before = written;
      return still && written > 0;
    }, "the upstream is held back");
    assert.ok(written < total, `${written} of ${total} MiB were taken in`);
    let received = 0;
    b.client.socket.removeAllListeners("data");
    b.client.socket.on("data", (chunk: Buffer) => (received += chunk.length));
    b.client.socket.resume();
    await until(() => received >= total * megabyte.length, "the whole body");
    await b.proxy.server.untilLogged(1);
    assert.ok(stat(b.proxy, "upstream_flow_control_resumed_reading_total") > 0);
    assert.equal(stat(b.proxy, "upstream_cx_active"), 1, "the connection is in the pool again");
  });

  test("larger than all buffers waits for an upstream that does not read", async () => {
    const total = 48;
    let received = 0;
    const sockets: net.Socket[] = [];
    const behave = (socket: net.Socket): void => {
      socket.pause();
      sockets.push(socket);
    };
    await using b = await bench(behave);
    b.client.send(
      `POST / HTTP/1.1\r\nhost: h\r\ncontent-length: ${total * megabyte.length}\r\n\r\n`,
    );
    let written = 0;
    const more = (): void => {
      if (written === total) return;
      written += 1;
      b.client.socket.write(megabyte, more);
    };
    more();
    await until(() => stat(b.proxy, "upstream_flow_control_backed_up_total") > 0, "a pause");
    let before = -1;
    await until(() => {
      const still = written === before;
      before = written;
      return still && written > 0;
    }, "the client is held back");
    assert.ok(written < total, `${written} of ${total} MiB were taken in`);
    const socket = sockets[0]!;
    socket.on("data", (chunk: Buffer) => {
      received += chunk.length;
      if (received > total * megabyte.length) socket.write(ok("done"));
    });
    socket.resume();
    assert.match(await b.client.response(), /done$/);
    assert.ok(stat(b.proxy, "upstream_flow_control_drained_total") > 0);
  });

  test("that comes before the connection is up is sent behind the head", async () => {
    let text = "";
    const behave = (socket: net.Socket): void => {
      socket.on("data", (chunk: Buffer) => {
        text += chunk.toString("latin1");
        if (text.endsWith("0123456789")) socket.write(ok(""));
      });
    };
    await using b = await bench(behave);
    b.client.send("POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 10\r\n\r\n0123456789");
    await b.client.response();
    assert.match(text, /^POST \/ HTTP\/1.1\r\n.*\r\ncontent-length: 10\r\n.*\r\n\r\n0123456789$/s);
  });

  test("with trailers passes both ways where trailers are enabled", async () => {
    let text = "";
    const behave = (socket: net.Socket): void => {
      socket.on("data", (chunk: Buffer) => {
        text += chunk.toString("latin1");
        if (!text.endsWith("\r\nx-t: up\r\n\r\n")) return;
        socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        socket.write("3\r\nabc\r\n0\r\nx-t: down\r\n\r\n");
      });
    };
    await using b = await bench(behave, {
      cluster: { http_protocol_options: { enable_trailers: true } },
      hcm: { http1: { ...defaultHcmConfig.http1, enableTrailers: true } },
    });
    b.client.send("POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n");
    b.client.send("3\r\nabc\r\n0\r\nx-t: up\r\n\r\n");
    const response = await b.client.until((all) => all.includes("x-t: down\r\n\r\n"));
    assert.match(response, /\r\n\r\n3\r\nabc\r\n0\r\nx-t: down\r\n\r\n$/);
  });
});

test("1xx responses reach the client where proxy_100_continue is on", async () => {
  const answer = answering(() => `HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${ok("abc")}`);
  await using b = await bench(answer, { hcm: { proxy100Continue: true } });
  b.client.send(get());
  const [early, final] = await b.client.responses(2);
  assert.match(early!, /^HTTP\/1.1 103 Early Hints\r\nlink: x\r\n/);
  assert.match(final!, /^HTTP\/1.1 200 OK\r\n.*abc$/s);
});

/** A filter in front of the router, with some of its methods. */
function inFront(some: Partial<StreamDecoderFilter>) {
  const filter: StreamDecoderFilter = {
    setDecoderFilterCallbacks: () => undefined,
    decodeHeaders: () => FilterHeadersStatus.Continue,
    decodeData: () => FilterDataStatus.Continue,
    decodeTrailers: () => FilterTrailersStatus.Continue,
    onDestroy: () => undefined,
    ...some,
  };
  const instances: HttpFilterInstances = {
    createFilters: (chain) => chain.addStreamDecoderFilter(filter),
  };
  return [{ name: "test", instances }];
}

test("A request that lost its path to a filter is answered 503", async () => {
  const filters = inFront({
    decodeHeaders: (headers) => {
      headers.remove(":path");
      return FilterHeadersStatus.Continue;
    },
  });
  await using b = await bench(echo, { filters });
  b.client.send(get());
  assert.match(await b.client.response(), /^HTTP\/1.1 503 .*missing required header: :path$/s);
  const info = await b.proxy.server.untilLogged(1);
  assert.equal(
    info.responseCodeDetails,
    "filter_removed_required_request_headers{missing_required_header:_:path}",
  );
  assert.equal(stat(b.proxy, "upstream_rq_active"), 0);
});

test("A request whose body a filter made shorter than it says is reset, and answered 503", async () => {
  const filters = inFront({
    decodeData: (data) => {
      data.drain(Math.min(1, data.length));
      return FilterDataStatus.Continue;
    },
  });
  await using b = await bench(echo, { filters });
  b.client.send("POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\n\r\nabc");
  assert.match(await b.client.response(), /^HTTP\/1.1 503 .*reset reason: local reset$/s);
  const info = await b.proxy.server.untilLogged(1);
  assert.equal(info.responseFlags, ResponseFlag.LocalReset);
  assert.match(info.responseCodeDetails, /^upstream_reset_before_response_started\{local_reset\|/);
  assert.equal(info.upstreamInfo!.transportFailureReason, "");
  assert.equal(stat(b.proxy, "upstream_cx_active"), 0, "the connection is not used again");
});

test("What is known of the upstream is there for logs", async () => {
  await using b = await bench(echo, { cluster: { alt_stat_name: "other" } });
  await upstreamHead(b.client, get());
  const info = (await b.proxy.server.untilLogged(1)).upstreamInfo!;
  const port = b.upstream.port;
  assert.equal(info.host!.addressText, `127.0.0.1:${port}`);
  assert.equal(info.clusterName, "up");
  assert.equal(info.clusterObservabilityName, "other");
  assert.deepEqual(info.remoteAddress, { kind: "ip", ip: "127.0.0.1", port, family: 4 });
  const local = info.localAddress!;
  assert.equal(local.kind === "ip" && local.port, b.upstream.sockets[0]!.remotePort);
  assert.equal(info.attemptCount, 1);
  assert.equal(info.protocol, "HTTP/1.1");
  assert.ok(info.connectionId > 0);
  const times = [info.firstTxByteMs, info.lastTxByteMs, info.firstRxByteMs, info.lastRxByteMs];
  assert.deepEqual(
    times,
    [...times].sort((x, y) => x - y),
  );
  assert.ok(times[0]! > 0);
});

test("Redirects and direct responses are counted, without touching a cluster", async () => {
  const routes = [
    { match: { path: "/r" }, redirect: { prefix_rewrite: "/to" } },
    { match: { path: "/d" }, direct_response: { status: 418, body: { inline_string: "tea" } } },
  ];
  await using proxy = await RouterServer.start({ routes, clusters: [] });
  await using client = await TestClient.connect(proxy.port);
  client.send("GET /r?q HTTP/1.1\r\nhost: h\r\n\r\n");
  const redirect = await client.response();
  assert.match(redirect, /^HTTP\/1.1 301 .*\r\nlocation: http:\/\/h\/to\?q\r\n/s);
  client.send("GET /d HTTP/1.1\r\nhost: h\r\n\r\n");
  assert.match(await client.response(), /^HTTP\/1.1 418 .*tea$/s);
  client.send("GET /none HTTP/1.1\r\nhost: h\r\n\r\n");
  assert.match(await client.response(), /^HTTP\/1.1 404 /);
  const counts = proxy.clusters.values("http.p.");
  assert.equal(counts.get("rq_direct_response"), 2);
  assert.equal(counts.get("no_route"), 1);
  assert.equal(counts.get("rq_total"), 3);
  const { logged } = proxy.server;
  assert.deepEqual(
    logged.map((info) => info.responseCodeDetails),
    ["direct_response", "direct_response", "route_not_found"],
  );
  assert.equal(logged[2]!.responseFlags, ResponseFlag.NoRouteFound);
});
