import assert from "node:assert/strict";
import { once } from "node:events";
import { closeSync } from "node:fs";
import net from "node:net";
import { test } from "node:test";
import {
  bindSocket,
  boundAddress,
  listenSocket,
  streamSocket,
} from "../../host/src/common/libc.ts";
import { ResponseFlag } from "../../host/src/contracts/stream-info.ts";
import { closed, readBytes, readToEnd } from "../support/connection-pair.ts";
import {
  chain,
  clusterConfig,
  ListenerHarness,
  listenerConfig,
  network,
  tcpProxy,
} from "../support/listener-harness.ts";
import { SimulatedDispatcher } from "../support/simulated-dispatcher.ts";
import { FilterStatus } from "../../host/src/contracts/network/filter.ts";

const quiet = { accessLogs: [] };

test("tcp_proxy passes bytes both ways and counts them", async () => {
  using harness = new ListenerHarness();
  await harness.upstream("up", (socket) => socket.pipe(socket));
  await harness.put(listenerConfig("l", [chain([tcpProxy({})])], quiet));
  const client = await harness.connect("l");
  client.write("ping");
  assert.equal(await readBytes(client, 4), "ping");
  client.end();
  assert.equal(await readToEnd(client), "");
  const [line] = await harness.untilLogged(1);
  assert.equal(line!.type, "TcpConnectionEnd");
  assert.equal(line!.flags, 0);
  assert.deepEqual([line!.bytesReceived, line!.bytesSent], [4, 4]);
  assert.match(line!.info.streamId, /^[0-9a-f-]{36}$/);
  assert.equal(line!.info.upstreamInfo!.attemptCount, 1);
  assert.equal(line!.info.upstreamInfo!.clusterName, "up");
  assert.equal(harness.counter("tcp.t.downstream_cx_total"), 1);
  assert.equal(harness.counter("tcp.t.downstream_cx_rx_bytes_total"), 4);
  assert.equal(harness.counter("tcp.t.downstream_cx_tx_bytes_total"), 4);
  assert.equal(harness.counter("cluster.up.upstream_cx_rx_bytes_total"), 4);
  assert.equal(harness.counter("cluster.up.upstream_cx_total"), 1);
  assert.equal(harness.gauge("cluster.up.upstream_cx_active"), 0);
});

test("tcp_proxy passes bytes one at a time", async () => {
  using harness = new ListenerHarness();
  await harness.upstream("up", (socket) => socket.pipe(socket));
  await harness.put(listenerConfig("l", [chain([tcpProxy({})])], quiet));
  const client = await harness.connect("l");
  const text = "one byte at a time";
  for (let i = 0; i < text.length; i += 1) {
    client.write(text.slice(i, i + 1));
    assert.equal(await readBytes(client, 1), text[i]);
  }
});

test("tcp_proxy carries many megabytes intact both ways at once", async () => {
  using harness = new ListenerHarness();
  await harness.upstream("up", (socket) => socket.pipe(socket));
  await harness.put(listenerConfig("l", [chain([tcpProxy({})])], quiet));
  const client = await harness.connect("l");
  const sent = Buffer.alloc(12_000_000);
  for (let i = 0; i < sent.length; i += 4) sent.writeUInt32LE(i, i);
  const received: Buffer[] = [];
  client.on("data", (chunk: Buffer) => received.push(chunk));
  client.end(sent);
  await once(client, "end");
  assert.ok(Buffer.concat(received).equals(sent));
});

test("tcp_proxy serves a server that speaks first and closes", async () => {
  using harness = new ListenerHarness();
  await harness.upstream("up", (socket) => socket.end("hello"));
  await harness.put(listenerConfig("l", [chain([tcpProxy({})])], quiet));
  const client = await harness.connect("l");
  assert.equal(await readToEnd(client), "hello");
});

test("tcp_proxy ends connections to an unknown cluster with NC", async () => {
  using harness = new ListenerHarness();
  await harness.put(listenerConfig("l", [chain([tcpProxy({ cluster: "nope" })])], quiet));
  const client = await harness.connect("l");
  await closed(client);
  const [line] = await harness.untilLogged(1);
  assert.equal(line!.flags, ResponseFlag.NoClusterFound);
  assert.equal(harness.counter("tcp.t.downstream_cx_no_route"), 1);
});

test("tcp_proxy ends connections without a host with UH", async () => {
  using harness = new ListenerHarness();
  harness.cluster(clusterConfig("up", []));
  await harness.put(listenerConfig("l", [chain([tcpProxy({})])], quiet));
  await closed(await harness.connect("l"));
  const [line] = await harness.untilLogged(1);
  assert.equal(line!.flags, ResponseFlag.NoHealthyUpstream);
  assert.equal(harness.counter("cluster.up.upstream_cx_none_healthy"), 1);
});

test("tcp_proxy ends connections beyond the circuit breaker with UO", async () => {
  using harness = new ListenerHarness();
  const thresholds = { maxConnections: 1, maxPendingRequests: 9, maxRequests: 9, maxRetries: 9 };
  await harness.upstream("up", (socket) => socket.pipe(socket), {
    circuitBreakers: { default: thresholds, high: thresholds },
  });
  await harness.put(listenerConfig("l", [chain([tcpProxy({})])], quiet));
  const first = await harness.connect("l");
  first.write("x");
  await readBytes(first, 1);
  await closed(await harness.connect("l"));
  const [line] = await harness.untilLogged(1);
  assert.equal(line!.flags, ResponseFlag.UpstreamOverflow);
  assert.equal(harness.counter("cluster.up.upstream_cx_overflow"), 1);
});

const refused = { kind: "ip", ip: "127.0.0.1", port: 1, family: 4 } as const;

test("tcp_proxy tries max_connect_attempts times, then ends with UF and URX", async () => {
  using harness = new ListenerHarness();
  harness.cluster(clusterConfig("up", [refused]));
  await harness.put(listenerConfig("l", [chain([tcpProxy({ maxConnectAttempts: 3 })])], quiet));
  const client = await harness.connect("l");
  client.write("never read");
  await closed(client);
  const [line] = await harness.untilLogged(1);
  const { UpstreamConnectionFailure, UpstreamRetryLimitExceeded } = ResponseFlag;
  assert.equal(line!.flags, UpstreamConnectionFailure | UpstreamRetryLimitExceeded);
  assert.equal(line!.bytesReceived, 0);
  const upstream = line!.info.upstreamInfo!;
  assert.equal(upstream.attemptCount, 3);
  assert.equal(upstream.transportFailureReason, "delayed connect error: Connection refused");
  assert.equal(harness.counter("cluster.up.upstream_cx_connect_fail"), 3);
  assert.equal(harness.counter("cluster.up.upstream_cx_connect_attempts_exceeded"), 1);
});

test("tcp_proxy gives an upstream that does not answer connect_timeout, with UF and URX", async () => {
  using harness = new ListenerHarness();
  // A full accept queue: the kernel leaves further connections without an answer.
  const any = { kind: "ip", ip: "127.0.0.1", port: 0, family: 4 } as const;
  const fd = streamSocket(any);
  bindSocket(fd, any);
  listenSocket(fd, 0);
  const address = boundAddress(fd);
  const fillers = [1, 2, 3].map(() => net.connect({ host: address.ip, port: address.port }));
  await once(fillers[0]!, "connect");
  harness.cluster(clusterConfig("up", [address], { connectTimeoutMs: 100 }));
  await harness.put(listenerConfig("l", [chain([tcpProxy({ maxConnectAttempts: 2 })])], quiet));
  await closed(await harness.connect("l"));
  const [line] = await harness.untilLogged(1);
  const { UpstreamConnectionFailure, UpstreamRetryLimitExceeded } = ResponseFlag;
  assert.equal(line!.flags, UpstreamConnectionFailure | UpstreamRetryLimitExceeded);
  assert.equal(line!.info.upstreamInfo!.attemptCount, 2);
  assert.equal(line!.info.upstreamInfo!.transportFailureReason, "");
  assert.equal(harness.counter("cluster.up.upstream_cx_connect_timeout"), 2);
  for (const filler of fillers) filler.on("error", () => undefined).destroy();
  closeSync(fd);
});

test("tcp_proxy goes on to the next host when one refuses", async () => {
  using harness = new ListenerHarness();
  await harness.upstream("up", (socket) => socket.pipe(socket));
  await harness.upstream("other", (socket) => socket.pipe(socket));
  const good = harness.clusterManager.getThreadLocalCluster("other")!;
  const choice = good.tcpConnection({
    downstreamConnection: undefined,
    requestHeaders: undefined,
    streamInfo: undefined,
  });
  assert.ok(choice.kind === "connection");
  harness.cluster(clusterConfig("up", [refused, choice.host.address]));
  const backoff = { baseIntervalMs: 1, maxIntervalMs: 4 };
  await harness.put(
    listenerConfig("l", [chain([tcpProxy({ maxConnectAttempts: 2, backoff })])], quiet),
  );
  for (let i = 0; i < 2; i += 1) {
    const client = await harness.connect("l");
    client.write("hi");
    assert.equal(await readBytes(client, 2), "hi");
  }
  assert.ok(harness.counter("cluster.up.upstream_cx_connect_fail") >= 1);
});

test("tcp_proxy passes RST of the upstream on, flag UR", async () => {
  using harness = new ListenerHarness();
  await harness.upstream("up", (socket) => {
    socket.on("data", () => socket.resetAndDestroy());
  });
  await harness.put(listenerConfig("l", [chain([tcpProxy({})])], quiet));
  const client = await harness.connect("l");
  const failed = once(client, "error");
  client.resume().write("x");
  const [error] = (await failed) as [NodeJS.ErrnoException];
  assert.equal(error.code, "ECONNRESET");
  const [line] = await harness.untilLogged(1);
  assert.equal(line!.flags, ResponseFlag.UpstreamRemoteReset);
});

test("tcp_proxy passes RST of the client on, without a flag", async () => {
  using harness = new ListenerHarness();
  let failed: Promise<unknown[]> | undefined;
  await harness.upstream("up", (socket) => {
    failed = once(socket, "error");
    socket.pipe(socket);
  });
  await harness.put(listenerConfig("l", [chain([tcpProxy({})])], quiet));
  const client = await harness.connect("l");
  client.write("x");
  await readBytes(client, 1);
  client.resetAndDestroy();
  const [error] = (await failed!) as [NodeJS.ErrnoException];
  assert.equal(error.code, "ECONNRESET");
  const [line] = await harness.untilLogged(1);
  assert.equal(line!.flags, 0);
});

test("tcp_proxy closes both sides after idle_timeout; traffic puts it off", async () => {
  const dispatcher = new SimulatedDispatcher();
  using harness = new ListenerHarness({ dispatcher });
  let upstream: net.Socket | undefined;
  await harness.upstream("up", (socket) => {
    upstream = socket.pipe(socket);
  });
  await harness.put(listenerConfig("l", [chain([tcpProxy({ idleTimeoutMs: 1000 })])], quiet));
  const client = await harness.connect("l");
  // The simulated dispatcher runs nothing by itself.
  const pump = setInterval(() => dispatcher.runPosted(), 1);
  client.write("a");
  assert.equal(await readBytes(client, 1), "a");
  dispatcher.advance(900);
  client.write("b");
  assert.equal(await readBytes(client, 1), "b");
  dispatcher.advance(900);
  assert.equal(harness.counter("tcp.t.idle_timeout"), 0);
  dispatcher.advance(110);
  assert.equal(harness.counter("tcp.t.idle_timeout"), 1);
  await once(client.resume(), "end");
  await once(upstream!, "close");
  clearInterval(pump);
  const [line] = await harness.untilLogged(1);
  assert.equal(line!.flags, 0);
});

test("tcp_proxy lets earlier filters choose the cluster and the idle timeout", async () => {
  const dispatcher = new SimulatedDispatcher();
  using harness = new ListenerHarness({ dispatcher });
  await harness.upstream("other", (socket) => socket.end("from the other"));
  const override = network((connection) => {
    connection.addReadFilter({
      initializeReadFilterCallbacks: () => undefined,
      onNewConnection: () => {
        const state = connection.streamInfo.filterState;
        state.set("envoy.tcp_proxy.cluster", "other");
        state.set("envoy.tcp_proxy.per_connection_idle_timeout_ms", 500);
        return FilterStatus.Continue;
      },
      onData: () => FilterStatus.Continue,
    });
  });
  await harness.put(
    listenerConfig("l", [chain([override, tcpProxy({ idleTimeoutMs: 60_000 })])], quiet),
  );
  const client = await harness.connect("l");
  assert.equal(await readToEnd(client), "from the other");
  dispatcher.advance(520);
  assert.equal(harness.counter("tcp.t.idle_timeout"), 1);
});

test("tcp_proxy ends connections after max_downstream_connection_duration with DT", async () => {
  const dispatcher = new SimulatedDispatcher();
  using harness = new ListenerHarness({ dispatcher });
  await harness.upstream("up", (socket) => socket.pipe(socket));
  const limits = { maxDownstreamConnectionDurationMs: 2000, durationJitterPercent: 50 };
  await harness.put(listenerConfig("l", [chain([tcpProxy(limits)])], quiet));
  const client = await harness.connect("l");
  client.write("x");
  await readBytes(client, 1);
  dispatcher.advance(1990);
  assert.equal(harness.counter("tcp.t.max_downstream_connection_duration"), 0);
  dispatcher.advance(1030);
  await once(client.resume(), "end");
  const [line] = await harness.untilLogged(1);
  assert.equal(line!.flags, ResponseFlag.DurationTimeout);
  assert.equal(harness.counter("tcp.t.max_downstream_connection_duration"), 1);
});

test("tcp_proxy logs when connected and periodically, when told to", async () => {
  const dispatcher = new SimulatedDispatcher();
  using harness = new ListenerHarness({ dispatcher });
  await harness.upstream("up", (socket) => socket.pipe(socket));
  const logging = { flushAccessLogOnConnected: true, accessLogFlushIntervalMs: 100 };
  await harness.put(listenerConfig("l", [chain([tcpProxy(logging)])], quiet));
  const client = await harness.connect("l");
  client.write("abc");
  await readBytes(client, 3);
  dispatcher.advance(220);
  client.destroy();
  const lines = await harness.untilLogged(4);
  assert.deepEqual(
    lines.map(({ type, bytesReceived }) => `${type} ${bytesReceived}`),
    ["TcpUpstreamConnected 0", "TcpPeriodic 3", "TcpPeriodic 3", "TcpConnectionEnd 3"],
  );
});

test("tcp_proxy spreads connections over weighted clusters", async () => {
  using harness = new ListenerHarness({ dispatcher: new SimulatedDispatcher() });
  await harness.upstream("a", (socket) => socket.end("a"));
  await harness.upstream("b", (socket) => socket.end("b"));
  const clusters = [
    { name: "a", weight: 3 },
    { name: "b", weight: 1 },
  ];
  await harness.put(listenerConfig("l", [chain([tcpProxy({ clusters })])], quiet));
  let answers = "";
  for (let i = 0; i < 40; i += 1) {
    const client = await harness.connect("l");
    answers += await readToEnd(client);
    client.destroy();
  }
  const share = answers.replaceAll("b", "").length;
  assert.ok(share > 20 && share < 40, `three quarters of 40 go to a: ${share}`);
});

test("tcp_proxy keeps sending to the upstream after the client has gone", async () => {
  using harness = new ListenerHarness();
  const total = 16_000_000;
  let upstream: net.Socket | undefined;
  const accept = (socket: net.Socket): void => {
    upstream = socket.end("no more from here").pause();
  };
  await harness.upstream("up", accept, { perConnectionBufferLimitBytes: 0 });
  await harness.put(listenerConfig("l", [chain([tcpProxy({})])], quiet));
  const client = await harness.connect("l");
  client.resume().end(Buffer.alloc(total));
  await once(client, "close");
  await harness.untilLogged(1);
  assert.equal(harness.gauge("tcp.t.upstream_flush_active"), 1);
  let received = 0;
  upstream!.on("data", (chunk: Buffer) => {
    received += chunk.length;
  });
  await closed(upstream!);
  assert.equal(received, total);
  await harness.until(() => harness.gauge("tcp.t.upstream_flush_active") === 0);
  assert.equal(harness.counter("tcp.t.upstream_flush_total"), 1);
});

test("tcp_proxy stops sending to an upstream that takes nothing for idle_timeout", async () => {
  const dispatcher = new SimulatedDispatcher();
  using harness = new ListenerHarness({ dispatcher });
  let upstream: net.Socket | undefined;
  const accept = (socket: net.Socket): void => {
    upstream = socket.end().pause();
  };
  await harness.upstream("up", accept, { perConnectionBufferLimitBytes: 0 });
  await harness.put(listenerConfig("l", [chain([tcpProxy({ idleTimeoutMs: 1000 })])], quiet));
  const client = await harness.connect("l");
  client.resume().end(Buffer.alloc(16_000_000));
  await once(client, "close");
  await harness.untilLogged(1);
  dispatcher.advance(990);
  assert.equal(harness.gauge("tcp.t.upstream_flush_active"), 1);
  dispatcher.advance(20);
  assert.equal(harness.gauge("tcp.t.upstream_flush_active"), 0);
  assert.equal(harness.counter("tcp.t.idle_timeout"), 1);
  await closed(upstream!);
});

test("tcp_proxy gives up connecting when the client goes away", async () => {
  using harness = new ListenerHarness();
  harness.cluster(clusterConfig("up", [refused]));
  const backoff = { baseIntervalMs: 60_000, maxIntervalMs: 60_000 };
  await harness.put(
    listenerConfig("l", [chain([tcpProxy({ maxConnectAttempts: 9, backoff })])], quiet),
  );
  await harness.connect("l");
  await harness.until(() => harness.counter("cluster.up.upstream_cx_connect_fail") === 1);
  harness.handler.close();
  const [line] = await harness.untilLogged(1);
  assert.equal(line!.flags, ResponseFlag.UpstreamConnectionFailure);
  assert.equal(harness.handler.active, 0);
});
