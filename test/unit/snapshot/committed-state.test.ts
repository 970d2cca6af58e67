import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClusterConfig, ListenerConfig } from "../../../host/src/contracts/config/snapshot.ts";
import type { SecretUpdate } from "../../../host/src/contracts/secret.ts";
import { CommittedState } from "../../../host/src/snapshot/committed-state.ts";
import { joinParts, partsOf } from "../../../host/src/snapshot/parts.ts";
import { emptyUpdate } from "../../support/threads/pool.ts";

const cluster = (name: string, mark = 0): ClusterConfig =>
  ({ name, mark }) as unknown as ClusterConfig;
const listener = (name: string): ListenerConfig => ({ name }) as unknown as ListenerConfig;
const config = (key: string, version: string) => ({ key, version, extension: undefined });

test("CommittedState.whole() leads from nothing to the sum of all updates", () => {
  const state = new CommittedState();
  state.commit({
    ...emptyUpdate(1, [config("f", "1"), config("g", "1")], [cluster("a"), cluster("b")]),
    listeners: [listener("x"), listener("y")],
  });
  state.commit({
    ...emptyUpdate(2, [config("f", "2")], [cluster("b", 2), cluster("c")]),
    removedClusters: ["a"],
    removedListeners: ["x"],
  });
  assert.deepEqual(state.whole(), {
    ...emptyUpdate(2, [config("f", "2"), config("g", "1")], [cluster("b", 2), cluster("c")]),
    listeners: [listener("y")],
  });
});

test("CommittedState.whole() has the last version of each secret and each route table", () => {
  const state = new CommittedState();
  const secret = (key: string, byte: number): SecretUpdate => ({
    key,
    material: { kind: "ticket_keys", value: [Uint8Array.of(byte)] },
  });
  const routes = (key: string, version: number) => ({ key, config: { version } });
  const first = emptyUpdate(1);
  state.commit({ ...first, secrets: [secret("a", 1), secret("b", 1)], routes: [routes("r", 1)] });
  state.commit({ ...emptyUpdate(2), secrets: [secret("a", 2)] });
  state.commit({ ...emptyUpdate(3), routes: [routes("r", 2)] });
  const { secrets, routes: tables } = state.whole();
  assert.deepEqual(secrets, [secret("a", 2), secret("b", 1)]);
  assert.deepEqual(tables, [routes("r", 2)]);
});

test("partsOf() cuts large updates, and joinParts() undoes it", () => {
  const clusters = Array.from({ length: 1001 }, (_, i) => cluster(`c${i}`));
  const update = { ...emptyUpdate(5, [config("f", "1")], clusters), listeners: [listener("x")] };
  const parts = partsOf(update);
  assert.equal(parts.length, 6);
  assert.deepEqual(joinParts(parts), update);
  assert.ok(parts.slice(0, -1).every((part) => part.listeners.length === 0));
});

test("partsOf() leaves a small update whole", () => {
  const update = emptyUpdate(1, [], [cluster("a")]);
  assert.deepEqual(partsOf(update), [update]);
  assert.deepEqual(partsOf(emptyUpdate(1)), [emptyUpdate(1)]);
});
