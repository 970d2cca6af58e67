import assert from "node:assert/strict";
import type net from "node:net";
import { test } from "node:test";
import { readBytes } from "../support/connection-pair.ts";
import {
  chain,
  echo,
  ListenerHarness,
  listenerConfig,
  tcpProxy,
} from "../support/listener-harness.ts";

const limit = 65_536;
const limited = { perConnectionBufferLimitBytes: limit };
/** One read of Node's. */
const oneRead = 65_536;

/** Waits until `value` stops changing over many turns of the event loop. */
async function settled(value: () => number): Promise<number> {
  let last = -1;
  for (let quiet = 0; quiet < 200; quiet += 1) {
    if (value() !== last) quiet = 0;
    last = value();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return last;
}

test("tcp_proxy buffers no more than the limit for a client that does not read", async () => {
  using harness = new ListenerHarness();
  const total = 24_000_000;
  await harness.upstream("up", (socket) => socket.end(Buffer.alloc(total)), limited);
  await harness.put(listenerConfig("l", [chain([tcpProxy({})])], limited));
  const client = (await harness.connect("l")).pause();
  await harness.until(
    () => harness.counter("cluster.up.upstream_flow_control_paused_reading_total") > 0,
  );
  const taken = await settled(() => harness.counter("cluster.up.upstream_cx_rx_bytes_total"));
  assert.ok(taken < total, "the upstream is not read to its end");
  const buffered = harness.gauge("tcp.t.downstream_cx_tx_bytes_buffered");
  assert.ok(buffered > 0 && buffered <= limit + oneRead, `${buffered} bytes are buffered`);
  assert.equal((await readBytes(client, total)).length, total);
  assert.equal(harness.gauge("tcp.t.downstream_cx_tx_bytes_buffered"), 0);
  assert.equal(
    harness.counter("cluster.up.upstream_flow_control_paused_reading_total"),
    harness.counter("cluster.up.upstream_flow_control_resumed_reading_total"),
  );
});

test("tcp_proxy buffers no more than the limit for an upstream that does not read", async () => {
  using harness = new ListenerHarness();
  const total = 24_000_000;
  let upstream: net.Socket | undefined;
  const accept = (socket: net.Socket): void => {
    upstream = socket.pause();
  };
  await harness.upstream("up", accept, limited);
  await harness.put(listenerConfig("l", [chain([tcpProxy({})])], limited));
  const client = await harness.connect("l");
  client.write(Buffer.alloc(total));
  await harness.until(
    () => harness.counter("tcp.t.downstream_flow_control_paused_reading_total") > 0,
  );
  const taken = await settled(() => harness.counter("tcp.t.downstream_cx_rx_bytes_total"));
  assert.ok(taken < total);
  const buffered =
    harness.gauge("cluster.up.upstream_cx_tx_bytes_buffered") +
    harness.gauge("tcp.t.downstream_cx_rx_bytes_buffered");
  assert.ok(buffered > 0 && buffered <= limit + 2 * oneRead, `${buffered} bytes are buffered`);
  assert.equal((await readBytes(upstream!, total)).length, total);
  assert.equal(
    harness.counter("tcp.t.downstream_flow_control_paused_reading_total"),
    harness.counter("tcp.t.downstream_flow_control_resumed_reading_total"),
  );
});

test("a stalled reader does not hold up other connections of the worker", async () => {
  using harness = new ListenerHarness();
  await harness.upstream("up", (socket) => socket.pipe(socket), limited);
  await harness.put(
    listenerConfig("l", [chain([tcpProxy({})])], limited),
    listenerConfig("e", [chain([echo()])], limited),
  );
  const stalled = (await harness.connect("l")).pause();
  stalled.write(Buffer.alloc(24_000_000));
  await harness.until(
    () => harness.counter("tcp.t.downstream_flow_control_paused_reading_total") > 0,
  );
  for (let i = 0; i < 20; i += 1) {
    const other = await harness.connect("e");
    other.write("ping");
    assert.equal(await readBytes(other, 4), "ping");
    other.destroy();
  }
});
