import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ConnectionCloseType,
  type Connection,
} from "../../../host/src/contracts/network/connection.ts";
import { FilterStatus } from "../../../host/src/contracts/network/filter.ts";
import { closed, readBytes, readToEnd } from "../../support/connection-pair.ts";
import {
  chain,
  directResponse,
  echo,
  ListenerHarness,
  listenerConfig,
  network,
} from "../../support/listener-harness.ts";
import { SimulatedDispatcher } from "../../support/simulated-dispatcher.ts";

/** A filter that answers a drain by closing, and remembers its connections. */
function draining() {
  const connections: Connection[] = [];
  const events: string[] = [];
  const config = network((connection) => {
    connections.push(connection);
    connection.addConnectionCallbacks({
      onEvent: (event) => void events.push(`event ${event}`),
      onAboveWriteBufferHighWatermark: () => undefined,
      onBelowWriteBufferLowWatermark: () => undefined,
      onDrain: () => {
        events.push("drain");
        connection.close(ConnectionCloseType.FlushWrite);
      },
    });
    connection.addReadFilter({
      initializeReadFilterCallbacks: () => undefined,
      onNewConnection: () => FilterStatus.Continue,
      onData: () => FilterStatus.StopIteration,
    });
  });
  return { config, connections, events };
}

test("ConnectionHandler keeps chains that an update does not change, with their connections", async () => {
  const dispatcher = new SimulatedDispatcher();
  using harness = new ListenerHarness({ dispatcher, drainTimeMs: 1000 });
  const kept = chain([echo()], { destinationPort: undefined }, "kept");
  const other = (text: string) => chain([directResponse(text)], { sourcePorts: [1] }, text);
  await harness.put(listenerConfig("l", [kept, other("one")]));
  const client = await harness.connect("l");
  client.write("a");
  await readBytes(client, 1);
  await harness.put(listenerConfig("l", [structuredClone(kept), other("two")]));
  dispatcher.advance(2000);
  client.write("b");
  assert.equal(await readBytes(client, 1), "b", "the chain was not drained");
});

test("ConnectionHandler drains removed chains and closes what is left after the drain time", async () => {
  const dispatcher = new SimulatedDispatcher();
  using harness = new ListenerHarness({ dispatcher, drainTimeMs: 1000 });
  await harness.put(listenerConfig("l", [chain([echo()], {}, "old")]));
  const client = await harness.connect("l");
  client.write("a");
  await readBytes(client, 1);
  await harness.put(listenerConfig("l", [chain([directResponse("new")], {}, "new")]));
  dispatcher.advance(990);
  client.write("b");
  assert.equal(await readBytes(client, 1), "b");
  dispatcher.advance(20);
  await closed(client);
  assert.equal(harness.gauge("listener.l.downstream_cx_active"), 0);
});

test("ConnectionHandler tells the filters of a removed listener to finish, and stops accepting", async () => {
  using harness = new ListenerHarness();
  const filter = draining();
  await harness.put(listenerConfig("l", [chain([filter.config])]));
  const client = await harness.connect("l");
  await harness.until(() => filter.connections.length === 1);
  harness.handler.commit([], ["l"]);
  await closed(client);
  assert.deepEqual(filter.events, ["drain", "event 1"]);
  await assert.rejects(harness.connect("l"), { code: "ECONNREFUSED" });
  assert.throws(() => harness.handler.listen("l", 0, -1), /no listener 'l'/);
});

test("ConnectionHandler.stopListening() lets connections live on", async () => {
  using harness = new ListenerHarness();
  await harness.put(listenerConfig("l", [chain([echo()])]));
  const client = await harness.connect("l");
  client.write("a");
  await readBytes(client, 1);
  harness.handler.stopListening();
  await assert.rejects(harness.connect("l"), { code: "ECONNREFUSED" });
  client.write("b");
  assert.equal(await readBytes(client, 1), "b");
  assert.equal(harness.handler.active, 1);
  client.end();
  assert.equal(await readToEnd(client), "");
  await harness.until(() => harness.handler.active === 0);
});

test("ConnectionHandler.drain() reaches connections of now and later", async () => {
  using harness = new ListenerHarness();
  const filter = draining();
  await harness.put(listenerConfig("l", [chain([filter.config])]));
  const before = await harness.connect("l");
  await harness.until(() => filter.connections.length === 1);
  harness.handler.drain();
  await closed(before);
  await closed(await harness.connect("l"));
  assert.deepEqual(filter.events, ["drain", "event 1", "drain", "event 1"]);
});

test("ConnectionHandler.stageListener() changes nothing when something cannot be built", async () => {
  using harness = new ListenerHarness();
  await harness.put(listenerConfig("l", [chain([directResponse("works")])]));
  const broken = {
    name: "bad",
    typeUrl: "type.googleapis.com/test.Network",
    get config(): never {
      throw new Error("out of memory");
    },
  };
  await assert.rejects(
    harness.handler.stageListener(listenerConfig("l", [chain([broken])])),
    /listener 'l': network filter 'bad': out of memory/,
  );
  const unknown = { name: "x", typeUrl: "type.googleapis.com/no.Such", config: null };
  await assert.rejects(
    harness.handler.stageListener(listenerConfig("l", [chain([unknown])])),
    /listener 'l': no network filter for 'x'/,
  );
  assert.equal(await readToEnd(await harness.connect("l")), "works");
});

test("ConnectionHandler moves a listener to another address with an update", async () => {
  using harness = new ListenerHarness();
  await harness.put(listenerConfig("l", [chain([echo()])]));
  const old = harness.address("l");
  const client = await harness.connect("l");
  client.write("a");
  await readBytes(client, 1);
  const moved = { kind: "ip", ip: "127.0.0.2", port: 0, family: 4 } as const;
  await harness.put(listenerConfig("l", [chain([echo()])], { address: moved }));
  assert.notDeepEqual(harness.address("l"), old);
  const next = await harness.connect("l");
  next.write("x");
  assert.equal(await readBytes(next, 1), "x");
  client.write("b");
  assert.equal(await readBytes(client, 1), "b");
});

test("ConnectionHandler numbers connections in the worker's own range", async () => {
  using harness = new ListenerHarness({ firstConnectionId: 7000 });
  const filter = draining();
  await harness.put(listenerConfig("l", [chain([filter.config])]));
  await harness.connect("l");
  await harness.connect("l");
  await harness.until(() => filter.connections.length === 2);
  assert.deepEqual(
    filter.connections.map(({ id }) => id),
    [7000, 7001],
  );
});
