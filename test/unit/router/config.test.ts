import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { RouteConfiguration } from "../../../host/src/config/gen/envoy/config/route/v3/route_pb.js";
import { parseRouteConfiguration } from "../../../host/src/router/config.ts";
import { messageOf, recordingParseContext } from "../../support/config-message.ts";

// Texts as Envoy 1.40 prints them, with what mends them behind.

const toCluster: JsonObject = { match: { prefix: "/" }, route: { cluster: "a" } };
const host = (more: JsonObject = {}): JsonObject => ({
  name: "v",
  domains: ["*"],
  routes: [toCluster],
  ...more,
});
const withRoute = (route: JsonObject): JsonValue[] => [
  host({ routes: [{ match: { prefix: "/" }, ...route }] }),
];

function parse(virtualHosts: JsonValue[], more: JsonObject = {}) {
  const context = recordingParseContext();
  const message = messageOf<RouteConfiguration>("envoy.config.route.v3.RouteConfiguration", {
    name: "rc",
    virtual_hosts: virtualHosts,
    ...more,
  });
  return { table: parseRouteConfiguration(message, context), ...context };
}

function problemsOf(virtualHosts: JsonValue[], more: JsonObject = {}): readonly string[] {
  return parse(virtualHosts, more).problems;
}

test("parseRouteConfiguration() refuses a domain that stands twice, in any case", () => {
  assert.deepEqual(problemsOf([host({ domains: ["a.com", "A.com"] })]), [
    "domains[1]: Only unique values for domains are permitted. Duplicate entry of domain a.com in route rc",
  ]);
  assert.equal(problemsOf([host({ domains: ["*.x"] }), host({ domains: ["*.X"] })]).length, 1);
  assert.equal(problemsOf([host({ domains: ["x.*", "x.*"] })]).length, 1);
});

test("parseRouteConfiguration() refuses a second wildcard domain", () => {
  assert.deepEqual(problemsOf([host(), host()]), [
    "domains[0]: Only a single wildcard domain is permitted in route rc",
  ]);
});

test("parseRouteConfiguration() reports all problems at once", () => {
  const hosts = [host(), host({ request_headers_to_remove: ["host"] })];
  assert.equal(problemsOf(hosts, { response_headers_to_remove: [":status"] }).length, 3);
});

test("parseRouteConfiguration() refuses to change the headers that routing depends on", () => {
  for (const key of [":path", "Host", ":authority"]) {
    const added = problemsOf([host({ request_headers_to_add: [{ header: { key, value: "x" } }] })]);
    assert.match(added[0]!, /^key: :-prefixed or host headers may not be modified/);
    const removed = problemsOf([host({ response_headers_to_remove: [key] })]);
    assert.deepEqual(removed, [
      "response_headers_to_remove[0]: :-prefixed or host headers may not be removed",
    ]);
  }
});

test("parseRouteConfiguration() refuses what is no access log operator in a value", () => {
  const add = (value: string) =>
    problemsOf([host({ request_headers_to_add: [{ header: { key: "x", value } }] })]);
  assert.deepEqual(add("%NOPE%"), ["value: Not supported field in StreamInfo: NOPE"]);
  assert.deepEqual(add("a%"), [
    "value: Incorrect configuration: a%. Couldn't find valid command at position 1",
  ]);
  assert.deepEqual(add("100%% of %REQ(x)%"), []);
});

test("parseRouteConfiguration() refuses append together with append_action", () => {
  const option = { header: { key: "x", value: "1" }, append: true, append_action: 3 };
  const problems = problemsOf([host({ request_headers_to_add: [option] })]);
  assert.match(problems[0]!, /^append: Both append and append_action are set and it's not allowed/);
});

test("parseRouteConfiguration() refuses weighted clusters without a usable sum", () => {
  const weighted = (...clusters: JsonObject[]) =>
    problemsOf(withRoute({ route: { weighted_clusters: { clusters } } }));
  assert.deepEqual(weighted({ name: "a", weight: 0 }), [
    "clusters: Sum of weights in the weighted_cluster must be greater than 0.",
  ]);
  assert.deepEqual(weighted({ name: "a", weight: 4294967295 }, { name: "a", weight: 1 }), [
    "clusters: The sum of weights of all weighted clusters of route  exceeds 4294967295",
  ]);
  assert.match(weighted({ name: "a" })[0]!, /^weight: is missing/);
});

test("parseRouteConfiguration() refuses a weighted cluster with two names or none", () => {
  const weighted = (cluster: JsonObject) =>
    problemsOf(withRoute({ route: { weighted_clusters: { clusters: [cluster] } } }));
  assert.deepEqual(weighted({ name: "a", cluster_header: "x", weight: 1 }), [
    "name: Only one of name or cluster_header can be specified",
  ]);
  assert.deepEqual(weighted({ weight: 1 }), [
    "name: At least one of name or cluster_header need to be specified",
  ]);
});

test("parseRouteConfiguration() refuses a direct response above the limit", () => {
  const direct = (length: number, more: JsonObject = {}) =>
    problemsOf(
      withRoute({ direct_response: { status: 200, body: { inline_string: "x".repeat(length) } } }),
      more,
    );
  assert.deepEqual(direct(4096), []);
  assert.match(direct(4097)[0]!, /^body: response body size is 4097 bytes; maximum is 4096/);
  assert.match(
    direct(4, { max_direct_response_body_size_bytes: 3 })[0]!,
    /^body: response body size is 4 bytes; maximum is 3/,
  );
});

test("parseRouteConfiguration() names the clusters that must exist, unless told not to", () => {
  const weighted = {
    clusters: [
      { name: "b", weight: 1 },
      { cluster_header: "x", weight: 1 },
    ],
  };
  const routes = [
    toCluster,
    { match: { prefix: "/" }, route: { weighted_clusters: weighted } },
    { match: { prefix: "/" }, route: { cluster_header: "x" } },
  ];
  assert.deepEqual(parse([host({ routes })]).references, ["a", "b"]);
  assert.deepEqual(parse([host({ routes })], { validate_clusters: false }).references, []);
});

test("parseRouteConfiguration() warns about append_x_forwarded_host without a rewrite", () => {
  const { warnings } = parse(withRoute({ route: { cluster: "a", append_x_forwarded_host: true } }));
  assert.match(warnings[0]!, /^append_x_forwarded_host: /);
});

test("parseRouteConfiguration() gives plain data that can be cloned", () => {
  const { table } = parse([host({ metadata: { filter_metadata: { n: { k: [1, null, "x"] } } } })]);
  assert.deepEqual(structuredClone(table), table);
  assert.deepEqual(table.virtualHosts[0]!.metadata, { n: { k: [1, null, "x"] } });
});
