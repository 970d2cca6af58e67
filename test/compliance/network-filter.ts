import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExtensionConfig } from "../../host/src/contracts/config/snapshot.ts";
import { closed } from "../support/connection-pair.ts";
import { chain, ListenerHarness, listenerConfig } from "../support/listener-harness.ts";

/** A network filter, or a chain of them, that ends a connection's chain. */
export interface NetworkFilterSubject {
  readonly name: string;
  /** May add clusters to the harness. */
  filters(
    harness: ListenerHarness,
  ): readonly ExtensionConfig[] | Promise<readonly ExtensionConfig[]>;
}

/** What every terminal network filter must survive, whatever it does with the bytes. */
export function networkFilterCompliance(subject: NetworkFilterSubject): void {
  const start = async (): Promise<ListenerHarness> => {
    const harness = new ListenerHarness();
    await harness.put(listenerConfig("l", [chain(await subject.filters(harness))]));
    return harness;
  };
  /** All connections of the harness are over, and were counted and logged exactly once. */
  const settled = async (harness: ListenerHarness, connections: number): Promise<void> => {
    await harness.until(() => harness.handler.active === 0);
    assert.equal(harness.counter("listener.l.downstream_cx_total"), connections);
    assert.equal(harness.counter("listener.l.downstream_cx_destroy"), connections);
    assert.equal(harness.gauge("listener.l.downstream_cx_active"), 0);
    const ends = harness.logs.filter(({ type }) => type === "NotSet");
    assert.equal(ends.length, connections);
  };

  test(`${subject.name} survives a client that connects and leaves`, async () => {
    using harness = await start();
    for (const leave of ["end", "destroy", "resetAndDestroy"] as const) {
      const client = await harness.connect("l");
      client[leave]();
      await closed(client);
    }
    await settled(harness, 3);
  });

  test(`${subject.name} survives bytes that come one at a time and stop with a RST`, async () => {
    using harness = await start();
    const client = await harness.connect("l");
    client.resume();
    for (let i = 0; i < 64 && !client.destroyed; i += 1) {
      client.write(Buffer.of(i * 4));
      await new Promise((resolve) => setImmediate(resolve));
    }
    client.resetAndDestroy();
    await closed(client);
    await settled(harness, 1);
  });

  test(`${subject.name} survives a client that sends much and reads nothing`, async () => {
    using harness = await start();
    const client = (await harness.connect("l")).pause();
    client.write(Buffer.alloc(8_000_000, "x"));
    await new Promise((resolve) => setImmediate(resolve));
    client.destroy();
    await closed(client);
    await settled(harness, 1);
  });

  test(`${subject.name} is told to drain and is closed from outside without a fault`, async () => {
    using harness = await start();
    const client = await harness.connect("l");
    await harness.until(() => harness.counter("listener.l.downstream_cx_total") === 1);
    harness.handler.drain();
    harness.handler.close();
    await closed(client);
    await settled(harness, 1);
  });
}
