import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import type { Cluster } from "../../../host/src/config/gen/envoy/config/cluster/v3/cluster_pb.js";
import { HealthFlag } from "../../../host/src/contracts/upstream/host.ts";
import { parseCluster } from "../../../host/src/upstream/config.ts";
import { defaultHttp2Settings } from "../../support/http2.ts";
import { messageOf, recordingParseContext } from "../../support/config-message.ts";

function parse(json: JsonObject) {
  const context = recordingParseContext();
  const message = messageOf<Cluster>("envoy.config.cluster.v3.Cluster", { name: "c", ...json });
  return { cluster: parseCluster(message, context), ...context };
}

const at = (address: string, port = 80): JsonObject => ({
  endpoint: { address: { socket_address: { address, port_value: port } } },
});
const hosts = (...endpoints: JsonObject[]): JsonObject => ({
  load_assignment: { cluster_name: "c", endpoints: [{ lb_endpoints: endpoints }] },
});
const optionsName = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
const options = (json: JsonObject): JsonObject => ({
  typed_extension_protocol_options: {
    [optionsName]: { "@type": `type.googleapis.com/${optionsName}`, ...json },
  },
});

test("parseCluster() fills in Envoy's defaults", () => {
  const { cluster, problems } = parse({});
  assert.deepEqual(problems, []);
  const thresholds = {
    maxConnections: 1024,
    maxPendingRequests: 1024,
    maxRequests: 1024,
    maxRetries: 3,
  };
  assert.deepEqual(cluster, {
    name: "c",
    observabilityName: "c",
    type: "STATIC",
    lbPolicy: "ROUND_ROBIN",
    connectTimeoutMs: 5000,
    perConnectionBufferLimitBytes: 1_048_576,
    hosts: [],
    healthyPanicThreshold: 50,
    overprovisioningFactor: 140,
    circuitBreakers: { default: thresholds, high: thresholds },
    idleTimeoutMs: 3_600_000,
    maxRequestsPerConnection: 0,
    upstreamProtocol: "HTTP1",
    http2: { ...defaultHttp2Settings, maxHeadersBytes: 81_920 },
    http1: {
      maxHeadersCount: 100,
      maxHeadersBytes: 81_920,
      headerKeyFormat: "default",
      enableTrailers: false,
    },
    httpFilters: [],
    requestServerName: undefined,
    transportSocket: undefined,
    metadata: {},
  });
});

test("parseCluster() reads hosts with locality, weight, health, name and metadata", () => {
  const endpoint = {
    ...at("::1", 8080),
    load_balancing_weight: 3,
    health_status: "DRAINING",
    metadata: { filter_metadata: { "envoy.lb": { canary: true } } },
  };
  const locality = { region: "r", zone: "z", sub_zone: "s" };
  const named = { endpoint: { address: { pipe: { path: "@abstract" } }, hostname: "h.example" } };
  const { cluster, problems } = parse({
    load_assignment: {
      cluster_name: "c",
      endpoints: [{ locality, lb_endpoints: [endpoint] }, { lb_endpoints: [named] }],
    },
  });
  assert.deepEqual(problems, []);
  assert.deepEqual(cluster.hosts, [
    {
      address: { kind: "ip", ip: "::1", port: 8080, family: 6 },
      hostname: "",
      weight: 3,
      priority: 0,
      healthFlags: HealthFlag.EdsStatusDraining,
      locality: { region: "r", zone: "z", subZone: "s" },
      metadata: { "envoy.lb": { canary: true } },
    },
    {
      address: { kind: "pipe", path: "@abstract", mode: 0 },
      hostname: "h.example",
      weight: 1,
      priority: 0,
      healthFlags: 0,
      locality: { region: "", zone: "", subZone: "" },
      metadata: {},
    },
  ]);
});

test("parseCluster() takes the name for stats and logs from alt_stat_name", () => {
  assert.equal(parse({ name: "http://a:80" }).cluster.observabilityName, "http://a:80");
  assert.equal(parse({ alt_stat_name: "alt:1" }).cluster.observabilityName, "alt:1");
});

test("parseCluster() refuses host names, missing ports and UDP", () => {
  const udp = { ...at("1.2.3.4") };
  const { problems } = parse(
    hosts(at("foo.com"), at("[::1]"), at("1.2.3.4", 0), {
      endpoint: {
        address: { socket_address: { address: "1.2.3.4", port_value: 1, protocol: "UDP" } },
      },
    }),
  );
  assert.equal(problems.length, 4);
  assert.match(problems[0]!, /^address: malformed IP address: foo\.com\./);
  assert.match(problems[1]!, /^address: malformed IP address: \[::1\]\./);
  assert.match(problems[2]!, /^port_value: /);
  assert.match(problems[3]!, /^protocol: UDP is not supported/);
  assert.deepEqual(parse(hosts(udp)).problems, []);
});

test("parseCluster() refuses endpoints without address, long paths and other priorities", () => {
  const pipe = (path: string) => ({ endpoint: { address: { pipe: { path } } } });
  assert.match(parse(hosts({ endpoint: {} })).problems[0]!, /^address: is missing/);
  assert.match(parse(hosts({})).problems[0]!, /^endpoint: is missing/);
  assert.match(
    parse(hosts(pipe(`/${"x".repeat(107)}`))).problems[0]!,
    /exceeds maximum UNIX domain/,
  );
  assert.deepEqual(parse(hosts(pipe(`/${"x".repeat(106)}`))).problems, []);
  const second = { priority: 1, lb_endpoints: [at("1.2.3.4")] };
  const { problems } = parse({ load_assignment: { cluster_name: "c", endpoints: [second] } });
  assert.match(problems[0]!, /^priority: priority 1 is not supported/);
});

test("parseCluster() refuses other types and policies by name", () => {
  assert.match(parse({ type: "STRICT_DNS" }).problems[0]!, /^type: STRICT_DNS is not supported/);
  assert.match(parse({ type: "EDS" }).problems[0]!, /^type: EDS is not supported/);
  assert.match(parse({ lb_policy: "MAGLEV" }).problems[0]!, /^lb_policy: MAGLEV is not supported/);
  assert.deepEqual(parse({ type: "STATIC", lb_policy: "ROUND_ROBIN" }).problems, []);
});

test("parseCluster() reads circuit breakers of both priorities", () => {
  const thresholds = [{ max_requests: 5 }, { priority: "HIGH", max_connections: 7 }];
  const { cluster } = parse({ circuit_breakers: { thresholds } });
  assert.equal(cluster.circuitBreakers.default.maxRequests, 5);
  assert.equal(cluster.circuitBreakers.default.maxConnections, 1024);
  assert.equal(cluster.circuitBreakers.high.maxConnections, 7);
  const twice = parse({ circuit_breakers: { thresholds: [{}, {}] } });
  assert.match(twice.problems[0]!, /^thresholds\[1\]: a second entry for priority DEFAULT/);
});

test("parseCluster() reads protocol options, typed ones before the cluster's own", () => {
  const common = {
    idle_timeout: "1s",
    max_headers_count: 5,
    max_requests_per_connection: 2,
    max_response_headers_kb: 10,
  };
  const http1 = { enable_trailers: true, header_key_format: { proper_case_words: {} } };
  const explicit = { http_protocol_options: http1 };
  const typed = parse({
    ...options({ common_http_protocol_options: common, explicit_http_config: explicit }),
    common_http_protocol_options: { idle_timeout: "9s" },
    max_requests_per_connection: 9,
  });
  assert.deepEqual(typed.problems, []);
  assert.equal(typed.cluster.idleTimeoutMs, 1000);
  assert.equal(typed.cluster.maxRequestsPerConnection, 2);
  assert.deepEqual(typed.cluster.http1, {
    maxHeadersCount: 5,
    maxHeadersBytes: 10_240,
    headerKeyFormat: "proper-case",
    enableTrailers: true,
  });
  const own = parse({
    common_http_protocol_options: { idle_timeout: "0s" },
    http_protocol_options: { enable_trailers: true },
    max_requests_per_connection: 9,
  }).cluster;
  assert.deepEqual([own.idleTimeoutMs, own.maxRequestsPerConnection], [0, 9]);
  assert.equal(own.http1.enableTrailers, true);
});

test("parseCluster() reads what is spoken upstream", () => {
  const http2 = { max_concurrent_streams: 7 };
  for (const [fields, protocol, streams] of [
    [options({ explicit_http_config: { http2_protocol_options: http2 } }), "HTTP2", 7],
    [
      options({ use_downstream_protocol_config: { http2_protocol_options: http2 } }),
      "DOWNSTREAM",
      7,
    ],
    [options({ explicit_http_config: { http_protocol_options: {} } }), "HTTP1", 1024],
    [{ http2_protocol_options: {} }, "HTTP2", 1024],
  ] as const) {
    const { cluster, problems } = parse(fields);
    assert.deepEqual(problems, []);
    assert.equal(cluster.upstreamProtocol, protocol);
    assert.equal(cluster.http2.maxConcurrentStreams, streams);
  }
  const push = { identifier: 2, value: 1 };
  const custom = { http2_protocol_options: { custom_settings_parameters: [push] } };
  assert.match(parse(custom).problems[0]!, /push is never used/);
});

test("parseCluster() refuses options that mean nothing for a cluster", () => {
  const common = parse({
    common_http_protocol_options: { max_connection_duration: "1s", max_stream_duration: "1s" },
  });
  assert.equal(common.problems.length, 2);
  const full = parse({ http_protocol_options: { send_fully_qualified_url: true } });
  assert.match(full.problems[0]!, /^send_fully_qualified_url: is not supported for clusters/);
  const warned = parse({ http_protocol_options: { accept_http_10: true } });
  assert.deepEqual(warned.problems, []);
  assert.match(warned.warnings[0]!, /^accept_http_10: is about requests/);
});

test("parseCluster() refuses protocol options under another name", () => {
  const any = { "@type": `type.googleapis.com/${optionsName}` };
  const { problems } = parse({ typed_extension_protocol_options: { foo: any } });
  assert.match(
    problems[0]!,
    /^typed_extension_protocol_options\["foo"\]: Didn't find a registered network or http filter/,
  );
});

const socket = (type: string): JsonObject => ({
  transport_socket: { name: "s", typed_config: { "@type": `type.googleapis.com/${type}` } },
});
const plainText = "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer";
const tlsContext = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext";

test("parseCluster() asks for the extension of a transport socket, but for plain text", () => {
  assert.equal(parse(socket(plainText)).cluster.transportSocket, undefined);
  const named = { transport_socket: { name: "envoy.transport_sockets.raw_buffer" } };
  assert.equal(parse(named).cluster.transportSocket, undefined);
  const { cluster, problems } = parse(socket(tlsContext));
  assert.deepEqual(problems, []);
  assert.equal(cluster.transportSocket?.typeUrl, `type.googleapis.com/${tlsContext}`);
});

test("parseCluster() lets ALPN choose the protocol only where there is a handshake", () => {
  const auto = options({ auto_config: { http2_protocol_options: {} } });
  assert.equal(parse({ ...auto, ...socket(tlsContext) }).cluster.upstreamProtocol, "ALPN");
  for (const plain of [{}, socket(plainText)]) {
    const { problems } = parse({ ...auto, ...plain });
    assert.match(problems[0]!, /ALPN configured for cluster c which has a non-ALPN transport/);
  }
});

test("parseCluster() reads what the name of a handshake comes from", () => {
  const named = (json: JsonObject) => {
    const { cluster } = parse(options({ upstream_http_protocol_options: json }));
    return cluster.requestServerName;
  };
  assert.equal(named({}), undefined);
  assert.equal(named({ override_auto_sni_header: "x-a" }), undefined);
  assert.deepEqual(named({ auto_sni: true }), { header: "", sent: true, verified: false });
  assert.deepEqual(named({ auto_san_validation: true, override_auto_sni_header: "X-A" }), {
    header: "x-a",
    sent: false,
    verified: true,
  });
});

test("parseCluster() finds the first transport socket that matches a host's metadata", () => {
  const marked = (json: JsonObject): JsonObject => ({
    ...at("127.0.0.1"),
    metadata: { filter_metadata: { "envoy.transport_socket_match": json } },
  });
  const { transport_socket } = socket(tlsContext);
  const { transport_socket: plain } = socket(plainText);
  const { cluster, problems } = parse({
    ...hosts(marked({ a: 1, b: "x" }), marked({ a: 1 }), marked({ a: 2 }), at("127.0.0.1")),
    transport_socket_matches: [
      { name: "both", match: { a: 1, b: "x" }, transport_socket: transport_socket! },
      { name: "one", match: { a: 1 }, transport_socket: plain! },
    ],
  });
  assert.deepEqual(problems, []);
  const chosen = cluster.hosts.map(({ transportSocketMatch }) => transportSocketMatch);
  assert.deepEqual(chosen, [0, 1, undefined, undefined]);
  const [both, one] = cluster.transportSocketMatches!;
  assert.equal(both!.transportSocket?.typeUrl, `type.googleapis.com/${tlsContext}`);
  assert.deepEqual(one, { name: "one", transportSocket: undefined });
});
