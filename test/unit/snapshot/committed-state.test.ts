import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClusterConfig, ListenerConfig } from "../../../host/src/contracts/config/snapshot.ts";
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
