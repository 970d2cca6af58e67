import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { AdminDeps } from "../../../../host/src/server/admin/admin-deps.ts";
import { parseParams } from "../../../../host/src/server/admin/admin-request.ts";
import { statsPage } from "../../../../host/src/server/admin/stats/stats-page.ts";
import { StatsStore } from "../../../../host/src/stats/stats-store.ts";
import { extractTags } from "../../../../host/src/stats/tag-extractor.ts";
import type { AdminAnswer } from "../../../support/admin-golden.ts";

function page(store: StatsStore, query: string, path = "/stats"): { status: number; text: string } {
  const request = { method: "GET", path, params: parseParams(query) };
  const deps = { stats: store } as unknown as AdminDeps;
  const answer = statsPage(request, deps, path === "/stats" ? "text" : "prometheus");
  const { status, body } = answer;
  assert.ok(typeof body !== "function");
  return { status, text: typeof body === "string" ? body : [...body].join("") };
}

function sample(): StatsStore {
  const store = new StatsStore();
  const { main } = store;
  main.counter("cluster.one.upstream_rq_200").add(3);
  main.counter("cluster.one.upstream_rq_total");
  main.gauge("server.live").set(1);
  main.gauge("server.state");
  main.counter("alpha").inc();
  main.hiddenCounter("hidden").inc();
  main.histogram("http.in.downstream_rq_time", "ms");
  return store;
}

test("GET /stats prints counters and gauges in one order, then histograms", () => {
  assert.equal(
    page(sample(), "").text,
    "alpha: 1\ncluster.one.upstream_rq_200: 3\ncluster.one.upstream_rq_total: 0\n" +
      "server.live: 1\nserver.state: 0\nhttp.in.downstream_rq_time: No recorded values\n",
  );
});

test("GET /stats leaves out what the query does not ask for", () => {
  const store = sample();
  assert.equal(
    page(store, "usedonly").text,
    "alpha: 1\ncluster.one.upstream_rq_200: 3\nserver.live: 1\n",
  );
  assert.equal(page(store, "type=Gauges").text, "server.live: 1\nserver.state: 0\n");
  assert.equal(
    page(store, "type=Histograms").text,
    "http.in.downstream_rq_time: No recorded values\n",
  );
  assert.equal(page(store, "type=TextReadouts").text, "");
  assert.equal(page(store, "filter=^server").text, "server.live: 1\nserver.state: 0\n");
  assert.equal(page(store, "filter=rq_[0-9]%2B").text, "cluster.one.upstream_rq_200: 3\n");
  assert.equal(page(store, "filter=rq|server&invert_filter").text, "alpha: 1\n");
});

test("GET /stats refuses parameters that mean nothing, as Envoy does", () => {
  const cases: readonly (readonly [query: string, text: string])[] = [
    ["filter=(", "Invalid re2 regex: "],
    ["filter=(?=a)", "Invalid re2 regex: "],
    ["filter=(?i)a", "Invalid re2 regex: "],
    ["type=counters", "invalid &type= param"],
    ["format=xml", "usage: /stats?format=(json|prometheus|text)\n\n"],
    [
      "histogram_buckets=x",
      "usage: /stats?histogram_buckets=(cumulative|disjoint|detailed|summary)\n",
    ],
    ["hidden=include", "usage: /stats?hidden=(exclude)\n\n"],
    [
      "format=prometheus&histogram_buckets=detailed",
      "unsupported prometheus histogram bucket mode",
    ],
  ];
  for (const [query, text] of cases) {
    const answer = page(sample(), query);
    assert.equal(answer.status, 400, query);
    assert.ok(answer.text.startsWith(text), answer.text);
  }
});

test("GET /stats is not held up by an expression that would backtrack for ever", () => {
  const store = new StatsStore();
  store.main.counter(`${"a".repeat(60)}!`);
  assert.equal(page(store, "filter=^(a%2B)%2B$").text, "");
});

test("GET /stats?format=json prints one line", () => {
  const store = sample();
  assert.equal(
    page(store, "format=json&filter=server").text,
    '{"stats":[{"name":"server.live","value":1},{"name":"server.state","value":0}]}',
  );
  assert.equal(page(store, "format=json&filter=nothing").text, '{"stats":[]}');
});

test("GET /stats/prometheus groups by metric and labels with tags", () => {
  const store = sample();
  store.main.counter("cluster.two.upstream_rq_200").inc();
  store.main.counter("wasmcustom.my.metric").inc();
  store.main.gauge('cluster.quo"te.membership_total').set(1);
  assert.equal(
    page(store, "usedonly", "/stats/prometheus").text,
    "# TYPE envoy_alpha counter\nenvoy_alpha{} 1\n" +
      "# TYPE envoy_cluster_upstream_rq counter\n" +
      'envoy_cluster_upstream_rq{envoy_response_code="200",envoy_cluster_name="one"} 3\n' +
      'envoy_cluster_upstream_rq{envoy_response_code="200",envoy_cluster_name="two"} 1\n' +
      "# TYPE my_metric counter\nmy_metric{} 1\n" +
      "# TYPE envoy_cluster_membership_total gauge\n" +
      'envoy_cluster_membership_total{envoy_cluster_name="quo\\"te"} 1\n' +
      "# TYPE envoy_server_live gauge\nenvoy_server_live{} 1\n",
  );
});

test("GET /stats/prometheus names and labels everything that Envoy has as Envoy does", () => {
  const golden = new URL("../../../golden/admin/bootstrap.json", import.meta.url);
  const { answers } = JSON.parse(readFileSync(golden, "utf8")) as {
    readonly answers: readonly AdminAnswer[];
  };
  const bodyOf = (path: string): readonly string[] =>
    answers.find((answer) => answer.path === path)!.body.filter((line) => line !== "");
  const expected = bodyOf("/stats/prometheus");
  const kinds = new Map(
    expected
      .filter((line) => line.startsWith("# TYPE"))
      .map((line) => line.split(" ").slice(2) as [string, string]),
  );
  const store = new StatsStore();
  for (const line of bodyOf("/stats")) {
    const name = line.replace(/: .*/, "");
    const kind = kinds.get(`envoy_${extractTags(name).name.replaceAll(/[^a-zA-Z0-9_]/g, "_")}`);
    if (kind === "counter") store.main.counter(name);
    else if (kind === "gauge") store.main.gauge(name);
    else if (kind === "histogram") store.main.histogram(name, "ms");
    else assert.fail(`Envoy has no metric for ${name}`);
  }
  const withoutValue = (line: string): string => line.replace(/(?<=\}) .*$/, "");
  const got = page(store, "", "/stats/prometheus").text.trimEnd().split("\n");
  assert.deepEqual(got.map(withoutValue), expected.map(withoutValue));
});

// What Envoy 1.40 printed when a Wasm module recorded these values, each twice.
const values = [0, 1, 5, 5, 9, 10, 11, 99, 100, 123, 1000, 1999, 25_000, 3_600_000, 7_200_001];

function histogram(): StatsStore {
  const store = new StatsStore();
  const recorder = store.main.histogram("wasmcustom.myhist", "unspecified");
  for (const value of [...values, ...values]) recorder.record(value);
  store.flush();
  return store;
}

test("GET /stats prints histograms as Envoy does, in every mode", () => {
  const store = histogram();
  const summary =
    "P0(0,0) P25(5.08,5.08) P50(99.33333333333333,99.33333333333333) P75(1933.3333333333333,1933.3333333333333) P90(3633333.3333333335,3633333.3333333335) P95(7233333.333333333,7233333.333333333) P99(7266666.666666667,7266666.666666667) P99.5(7266666.666666667,7266666.666666667) P99.9(7266666.666666667,7266666.666666667) P100(7266666.666666667,7266666.666666667)";
  const bins =
    "0,0:2, 1,0.1:2, 5,0.1:4, 9,0.1:2, 10,1:2, 11,1:2, 99,1:2, 100,10:2, 120,10:2, 1000,100:2, 1900,100:2, 25000,1000:2, 3600000,100000:2, 7200000,100000:2";
  assert.equal(page(store, "").text, `wasmcustom.myhist: ${summary}\n`);
  assert.equal(
    page(store, "histogram_buckets=cumulative").text,
    "wasmcustom.myhist: B0.5(2,2) B1(4,4) B5(8,8) B10(12,12) B25(14,14) B50(14,14) B100(18,18) B250(20,20) B500(20,20) B1000(22,22) B2500(24,24) B5000(24,24) B10000(24,24) B30000(26,26) B60000(26,26) B300000(26,26) B600000(26,26) B1.8e+06(26,26) B3.6e+06(28,28)\n",
  );
  assert.equal(
    page(store, "histogram_buckets=disjoint").text,
    "wasmcustom.myhist: B0.5(2,2) B1(2,2) B5(4,4) B10(4,4) B25(2,2) B50(0,0) B100(4,4) B250(2,2) B500(0,0) B1000(2,2) B2500(2,2) B5000(0,0) B10000(0,0) B30000(2,2) B60000(0,0) B300000(0,0) B600000(0,0) B1.8e+06(0,0) B3.6e+06(2,2)\n",
  );
  assert.equal(
    page(store, "histogram_buckets=detailed").text,
    `wasmcustom.myhist:\n  totals=${bins}\n  intervals=${bins}\n  summary=${summary}\n`,
  );
  store.flush();
  assert.match(page(store, "").text, /^wasmcustom\.myhist: P0\(nan,0\) P25\(nan,5\.08\) /);
});

test("GET /stats?format=json prints histograms as Envoy does", () => {
  const store = histogram();
  const text = page(store, "format=json").text;
  assert.ok(
    text.startsWith(
      '{"stats":[{"histograms":{"supported_quantiles":[0,25,50,75,90,95,99,99.5,99.9,100],"computed_quantiles":[{"name":"wasmcustom.myhist","values":[{"cumulative":0,"interval":0},{"cumulative":5.08,"interval":5.08},',
    ),
  );
  const buckets = page(store, "format=json&histogram_buckets=cumulative").text;
  assert.ok(
    buckets.endsWith(
      '{"upper_bound":60000,"interval":26,"cumulative":26},{"upper_bound":3e+05,"interval":26,"cumulative":26},{"upper_bound":6e+05,"interval":26,"cumulative":26},{"upper_bound":1800000,"interval":26,"cumulative":26},{"upper_bound":3600000,"interval":28,"cumulative":28}]}]}]}',
    ),
  );
  const detailed = page(store, "format=json&histogram_buckets=detailed").text;
  assert.ok(
    detailed.startsWith(
      '{"stats":[{"histograms":{"supported_percentiles":[0,25,50,75,90,95,99,99.5,99.9,100],"details":[{"name":"wasmcustom.myhist","totals":[{"lower_bound":0,"width":0,"count":2},{"lower_bound":1,"width":0.1,"count":2},',
    ),
  );
  store.flush();
  assert.match(page(store, "format=json").text, /\{"cumulative":5\.08,"interval":null\}/);
});

test("GET /stats/prometheus prints histograms as Envoy does", () => {
  const store = histogram();
  const text = page(store, "", "/stats/prometheus").text;
  assert.ok(text.startsWith('# TYPE myhist histogram\nmyhist_bucket{le="0.5"} 2\n'));
  assert.ok(
    text.endsWith(
      'myhist_bucket{le="1800000"} 26\nmyhist_bucket{le="3600000"} 28\nmyhist_bucket{le="+Inf"} 30\nmyhist_sum{} 21855655.968355923891067504882812\nmyhist_count{} 30\n',
    ),
  );
  assert.equal(
    page(store, "histogram_buckets=summary", "/stats/prometheus")
      .text.split("\n")
      .slice(0, 4)
      .join("\n"),
    '# TYPE myhist summary\nmyhist{quantile="0"} 0\nmyhist{quantile="0.25"} 5.08000000000000007105427357601\nmyhist{quantile="0.5"} 99.333333333333328596381761599332',
  );
});
