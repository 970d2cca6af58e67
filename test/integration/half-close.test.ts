import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { test } from "node:test";
import { closed, readBytes, readToEnd } from "../support/connection-pair.ts";
import {
  chain,
  echo,
  ListenerHarness,
  listenerConfig,
  tcpProxy,
} from "../support/listener-harness.ts";

test("echo returns what came before the client's FIN, then its own FIN", async () => {
  using harness = new ListenerHarness();
  await harness.put(listenerConfig("l", [chain([echo()])]));
  const client = await harness.connect("l");
  client.end("x".repeat(3_000_000));
  assert.equal((await readToEnd(client)).length, 3_000_000);
  await harness.untilLogged(1);
});

test("tcp_proxy passes the client's FIN on and goes on with the answer", async () => {
  using harness = new ListenerHarness();
  await harness.upstream("up", (socket) => {
    let request = "";
    socket.on("data", (chunk: Buffer) => {
      request += chunk.toString();
    });
    socket.on("end", () => {
      socket.write(`got ${request}; `);
      setImmediate(() => socket.end("bye"));
    });
  });
  await harness.put(listenerConfig("l", [chain([tcpProxy({})])]));
  const client = await harness.connect("l");
  client.end("everything");
  assert.equal(await readToEnd(client), "got everything; bye");
});

test("tcp_proxy passes the upstream's FIN on and goes on with the request", async () => {
  using harness = new ListenerHarness();
  let received: Promise<string> | undefined;
  await harness.upstream("up", (socket) => {
    received = readToEnd(socket);
    socket.end("that is all");
  });
  await harness.put(listenerConfig("l", [chain([tcpProxy({})])]));
  const client = await harness.connect("l");
  assert.equal(await readToEnd(client), "that is all");
  client.write("still ");
  await new Promise((resolve) => setImmediate(resolve));
  client.end("talking");
  assert.equal(await received, "still talking");
  await harness.untilLogged(2);
});

test("tcp_proxy keeps FIN behind the data of a stalled reader", async () => {
  using harness = new ListenerHarness();
  const total = 12_000_000;
  await harness.upstream("up", (socket) => socket.end(Buffer.alloc(total, "u")));
  await harness.put(listenerConfig("l", [chain([tcpProxy({})])]));
  const client = (await harness.connect("l")).pause();
  await harness.until(
    () => harness.counter("cluster.up.upstream_flow_control_paused_reading_total") > 0,
  );
  assert.equal((await readToEnd(client)).length, total);
});

test("tcp_proxy passes FIN on that came before the upstream was connected", async () => {
  using harness = new ListenerHarness();
  await harness.upstream("up", (socket) => socket.pipe(socket));
  await harness.put(listenerConfig("l", [chain([tcpProxy({})])]));
  const address = harness.address("l");
  assert.ok(address.kind === "ip");
  const client = net.connect({ port: address.port, host: address.ip, allowHalfOpen: true });
  client.end("in a hurry");
  assert.equal(await readToEnd(client), "in a hurry");
});

test("RST passes each way through tcp_proxy while the other side is stalled", async () => {
  for (const from of ["client", "upstream"] as const) {
    using harness = new ListenerHarness();
    const upstream = new Promise<net.Socket>((resolve) => {
      void harness.upstream("up", (socket) => {
        socket.write("u");
        resolve(socket);
      });
    });
    await harness.put(listenerConfig("l", [chain([tcpProxy({})])]));
    const client = await harness.connect("l");
    await readBytes(client, 1);
    const ends = { client, upstream: await upstream };
    const victim = from === "client" ? ends.upstream : ends.client;
    const failed = once(victim.resume(), "error");
    ends[from].resetAndDestroy();
    const [error] = (await failed) as [NodeJS.ErrnoException];
    assert.equal(error.code, "ECONNRESET", `from the ${from}`);
    await closed(victim);
  }
});
