import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { clusterOf, TestClusters } from "../../support/router-server.ts";

const recorded = JSON.parse(
  readFileSync(new URL("../../golden/upstream-faults/faults.json", import.meta.url), "utf8"),
) as { readonly freshStats: readonly string[] };

test("A static cluster shows the stats that Envoy shows, with their values", () => {
  const clusters = new TestClusters();
  clusters.put(clusterOf("up", [1]));
  const actual = [...clusters.values("cluster.up.")].map(
    ([name, value]) => `cluster.up.${name}: ${value}`,
  );
  for (const name of clusters.histograms("cluster.up.")) {
    actual.push(`cluster.up.${name}: No recorded values`);
  }
  assert.deepEqual(actual.sort(), [...recorded.freshStats].sort());
});

test("MainClusters.commit() counts what comes, changes and goes", () => {
  const clusters = new TestClusters();
  const a = clusterOf("a", [1]);
  clusters.put(a, clusterOf("b", [1, 2]));
  clusters.put({ ...a, hosts: [...a.hosts, ...a.hosts] });
  const values = clusters.values("");
  assert.equal(values.get("cluster_manager.cluster_added"), 2);
  assert.equal(values.get("cluster_manager.cluster_modified"), 1);
  assert.equal(values.get("cluster_manager.active_clusters"), 2);
  assert.equal(values.get("cluster.a.membership_total"), 2);
  assert.equal(values.get("cluster.a.membership_change"), 2);
  clusters.update({ clusters: [], removedClusters: ["a", "unknown"] });
  const after = clusters.values("");
  assert.equal(after.get("cluster_manager.cluster_removed"), 1);
  assert.equal(after.get("cluster_manager.active_clusters"), 1);
  assert.equal(after.get("cluster.a.membership_total"), 0);
  assert.equal(after.get("thread_local_cluster_manager.worker_0.clusters_inflated"), 1);
});

test("MainClusters shows membership by health", () => {
  const clusters = new TestClusters();
  const endpoint = (health: string) => ({
    endpoint: { address: { socket_address: { address: "127.0.0.1", port_value: 1 } } },
    health_status: health,
  });
  const all = ["UNKNOWN", "HEALTHY", "UNHEALTHY", "DRAINING", "TIMEOUT", "DEGRADED"].map(endpoint);
  const load = { cluster_name: "a", endpoints: [{ lb_endpoints: all }] };
  clusters.put(clusterOf("a", [], { load_assignment: load }));
  const values = clusters.values("cluster.a.membership_");
  assert.deepEqual(Object.fromEntries(values), {
    change: 1,
    total: 6,
    healthy: 2,
    degraded: 1,
    excluded: 1,
  });
});

test("MainClusters.refresh() opens a circuit breaker's gauge by the counts of all workers", () => {
  const clusters = new TestClusters();
  const thresholds = [{ max_requests: 3 }, { priority: "HIGH", max_connections: 1 }];
  const config = clusterOf("a", [1], { circuit_breakers: { thresholds } });
  clusters.put(config);
  const counts = new Int32Array(config.resourceCounts);
  const gauge = (name: string) => clusters.values("cluster.a.circuit_breakers.").get(name);
  // Rows of 2 x 4: connections, pending requests, requests, retries; default, then high priority.
  counts[2] = 1;
  counts[8 + 2] = 1;
  assert.equal(gauge("default.rq_open"), 0);
  counts[8 + 2] = 2;
  assert.equal(gauge("default.rq_open"), 1);
  assert.equal(gauge("high.cx_open"), 0);
  counts[4] = 1;
  assert.equal(gauge("high.cx_open"), 1);
  counts.fill(0);
  assert.equal(gauge("default.rq_open"), 0);
});
