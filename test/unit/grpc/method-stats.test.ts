import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClusterInfo } from "../../../host/src/contracts/upstream/cluster.ts";
import { methodOfPath } from "../../../host/src/grpc/messages.ts";
import { MethodStatsOfClusters } from "../../../host/src/grpc/method-stats.ts";
import { ThreadStats } from "../../../host/src/stats/thread-stats.ts";

test("MethodStatsOfClusters.of() tells a bounded number of methods and statuses apart", () => {
  const stats = new ThreadStats(() => undefined);
  const cluster = { scope: stats.scope("cluster.c") } as ClusterInfo;
  const methods = new MethodStatsOfClusters("grpc");
  for (let i = 0; i < 2000; i += 1) {
    methods.of(cluster, { service: "s", method: `m${i}` }).chargeStatus("0");
  }
  assert.equal(stats.counter("cluster.c.grpc.s.m0.total").value, 1);
  assert.equal(stats.counter("cluster.c.grpc.s.m999.success").value, 1);
  assert.equal(stats.counter("cluster.c.grpc.s.m1000.total").value, 0);
  assert.equal(stats.counter("cluster.c.grpc.total").value, 1000);
  const one = methods.of(cluster, { service: "s", method: "m0" });
  for (let i = 0; i < 200; i += 1) one.chargeStatus(`x${i}`);
  assert.equal(stats.counter("cluster.c.grpc.s.m0.x98").value, 1);
  assert.equal(stats.counter("cluster.c.grpc.s.m0.x99").value, 0);
  assert.equal(stats.counter("cluster.c.grpc.s.m0.failure").value, 200);
});

test("methodOfPath() gives service and method of paths that have just these", () => {
  assert.deepEqual(methodOfPath("/a.S/M?x=/y"), { service: "a.S", method: "M" });
  assert.equal(methodOfPath("/a.S"), undefined);
  assert.equal(methodOfPath("/a/b/c"), undefined);
  assert.equal(methodOfPath(""), undefined);
});
