import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import type { TcpProxy } from "../../../../../host/src/config/gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js";
import type { ParseContext } from "../../../../../host/src/contracts/extension.ts";
import { tcpProxyFilter } from "../../../../../host/src/extensions/network-filters/tcp_proxy/config.ts";
import { messageOf, recordingParseContext } from "../../../../support/config-message.ts";

function parse(json: JsonObject) {
  const context = recordingParseContext();
  const withExtensions: ParseContext = {
    ...context,
    accessLog: () => ({ name: "x", typeUrl: "", config: null }),
  };
  const name = "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy";
  const message = messageOf<TcpProxy>(name, { stat_prefix: "t", ...json });
  const config = tcpProxyFilter.parseConfig(message as never, withExtensions);
  return { config, problems: context.problems };
}

test("tcp_proxy's parseConfig() fills in Envoy's defaults", () => {
  const { config, problems } = parse({ cluster: "c" });
  assert.deepEqual(problems, []);
  assert.deepEqual(config, {
    statPrefix: "t",
    clusters: [{ name: "c", weight: 1 }],
    idleTimeoutMs: 3_600_000,
    maxConnectAttempts: 1,
    maxDownstreamConnectionDurationMs: 0,
    durationJitterPercent: 0,
    backoff: undefined,
    accessLogs: [],
    accessLogFlushIntervalMs: 0,
    flushAccessLogOnConnected: false,
  });
});

test("tcp_proxy's parseConfig() reads everything else", () => {
  const { config, problems } = parse({
    weighted_clusters: {
      clusters: [
        { name: "a", weight: 1 },
        { name: "b", weight: 3 },
      ],
    },
    idle_timeout: "0s",
    max_connect_attempts: 4,
    max_downstream_connection_duration: "90s",
    max_downstream_connection_duration_jitter_percentage: { value: 12.5 },
    backoff_options: { base_interval: "0.1s" },
    access_log_options: { access_log_flush_interval: "1s", flush_access_log_on_connected: true },
    access_log: [
      {
        name: "x",
        typed_config: {
          "@type": "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
        },
      },
    ],
  });
  assert.deepEqual(problems, []);
  assert.deepEqual(config.clusters, [
    { name: "a", weight: 1 },
    { name: "b", weight: 3 },
  ]);
  assert.equal(config.idleTimeoutMs, 0);
  assert.equal(config.maxConnectAttempts, 4);
  assert.equal(config.maxDownstreamConnectionDurationMs, 90_000);
  assert.equal(config.durationJitterPercent, 12.5);
  assert.deepEqual(config.backoff, { baseIntervalMs: 100, maxIntervalMs: 1000 });
  assert.equal(config.accessLogFlushIntervalMs, 1000);
  assert.equal(config.flushAccessLogOnConnected, true);
  assert.equal(config.accessLogs.length, 1);
});

test("tcp_proxy's parseConfig() takes the old access log fields, but not beside the new ones", () => {
  const old = { access_log_flush_interval: "2s", flush_access_log_on_connected: true };
  const { config, problems } = parse({ cluster: "c", ...old });
  assert.deepEqual(problems, []);
  assert.equal(config.accessLogFlushIntervalMs, 2000);
  assert.equal(config.flushAccessLogOnConnected, true);
  assert.deepEqual(parse({ cluster: "c", ...old, access_log_options: {} }).problems, [
    "access_log_flush_interval: Only one of access_log_flush_interval or access_log_options can be specified.",
    "flush_access_log_on_connected: Only one of flush_access_log_on_connected or access_log_options can be specified.",
  ]);
});

test("tcp_proxy's parseConfig() refuses what cannot work", () => {
  const heavy = { name: "a", weight: 4_000_000_000 };
  assert.match(
    parse({ weighted_clusters: { clusters: [heavy, heavy] } }).problems[0]!,
    /^clusters: the sum of the weights is 8000000000/,
  );
  const backoff = { base_interval: "2s", max_interval: "1s" };
  assert.match(
    parse({ cluster: "c", backoff_options: backoff }).problems[0]!,
    /^backoff_options: max_interval must be greater/,
  );
});
