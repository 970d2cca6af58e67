import assert from "node:assert/strict";
import { test } from "node:test";
import { FilterStateImpl } from "../../../../../host/src/common/stream-info.ts";
import {
  chooseCluster,
  idleTimeoutOf,
} from "../../../../../host/src/extensions/network-filters/tcp_proxy/cluster-choice.ts";
import { ConnectBackoff } from "../../../../../host/src/extensions/network-filters/tcp_proxy/connect-backoff.ts";

const random = (...values: number[]) => ({ uint32: () => values.shift()!, uuid: () => "" });
const clusters = [
  { name: "a", weight: 1 },
  { name: "b", weight: 3 },
];

test("chooseCluster() walks the weights", () => {
  const state = new FilterStateImpl();
  const chosen = [0, 1, 3, 4, 7].map((value) => chooseCluster(clusters, state, random(value)));
  assert.deepEqual(chosen, ["a", "b", "b", "a", "b"]);
});

test("chooseCluster() follows the filter state", () => {
  const state = new FilterStateImpl();
  state.set("envoy.tcp_proxy.cluster", "elsewhere");
  assert.equal(chooseCluster(clusters, state, random()), "elsewhere");
});

test("idleTimeoutOf() follows the filter state, as number or text", () => {
  const state = new FilterStateImpl();
  const key = "envoy.tcp_proxy.per_connection_idle_timeout_ms";
  assert.equal(idleTimeoutOf(1000, state), 1000);
  state.set(key, 250);
  assert.equal(idleTimeoutOf(1000, state), 250);
  state.set(key, "0");
  assert.equal(idleTimeoutOf(1000, state), 0);
  state.set(key, "nonsense");
  assert.equal(idleTimeoutOf(1000, state), 1000);
});

test("ConnectBackoff.nextMs() doubles its bound up to the maximum", () => {
  const backoff = new ConnectBackoff(
    { baseIntervalMs: 100, maxIntervalMs: 300 },
    random(99, 199, 299, 299, 300),
  );
  const waits = [1, 2, 3, 4, 5].map(() => backoff.nextMs());
  assert.deepEqual(waits, [99, 199, 299, 299, 0]);
});
