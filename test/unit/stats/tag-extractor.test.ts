import assert from "node:assert/strict";
import { test } from "node:test";
import { extractTags } from "../../../host/src/stats/tag-extractor.ts";

const cases: readonly (readonly [name: string, rest: string, tags: string])[] = [
  ["server.uptime", "server.uptime", ""],
  ["cluster.one.upstream_rq_total", "cluster.upstream_rq_total", "cluster_name=one"],
  ["cluster.one", "cluster.one", ""],
  ["cluster.one.upstream_rq_200", "cluster.upstream_rq", "response_code=200 cluster_name=one"],
  [
    "http.ingress.downstream_rq_2xx",
    "http.downstream_rq_xx",
    "response_code_class=2 http_conn_manager_prefix=ingress",
  ],
  [
    "listener.127.0.0.1_80.http.in.downstream_rq_5xx",
    "listener.http.downstream_rq_xx",
    "response_code_class=5 http_conn_manager_prefix=in listener_address=127.0.0.1_80",
  ],
  [
    "listener.[__1]_80.downstream_cx_total",
    "listener.downstream_cx_total",
    "listener_address=[__1]_80",
  ],
  [
    "listener.tcp_in.worker_1.downstream_cx_active",
    "listener.worker.downstream_cx_active",
    "worker_id=1 listener_address=tcp_in",
  ],
  ["listener.admin.downstream_cx_total", "listener.admin.downstream_cx_total", ""],
  ["server.worker_0.watchdog_miss", "server.worker.watchdog_miss", "worker_id=0"],
  ["tcp.t.downstream_cx_total", "tcp.downstream_cx_total", "tcp_prefix=t"],
  [
    "vhost.v.vcluster.c.upstream_rq_total",
    "vhost.vcluster.upstream_rq_total",
    "virtual_cluster=c virtual_host=v",
  ],
  ["sluice.wasm.auth.vm_failed", "sluice.wasm.vm_failed", "sluice.plugin=auth"],
  [
    "sluice.wasm.auth.proxy_on_request_headers.self_ns",
    "sluice.wasm.self_ns",
    "sluice.plugin=auth sluice.callback=proxy_on_request_headers",
  ],
  [
    "sluice.lua.script.envoy_on_request.paused_ns",
    "sluice.lua.paused_ns",
    "sluice.filter=script sluice.callback=envoy_on_request",
  ],
];

for (const [name, rest, tags] of cases) {
  test(`extractTags() takes ${name} apart`, () => {
    const found = extractTags(name);
    assert.equal(found.name, rest);
    const text = found.tags
      .map((tag) => `${tag.name.replace("envoy.", "")}=${tag.value}`)
      .join(" ");
    assert.equal(text, tags);
  });
}
