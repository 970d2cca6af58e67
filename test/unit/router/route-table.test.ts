import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { headerMapOf } from "../../../host/src/common/headers/header-map.ts";
import type { RouteConfiguration } from "../../../host/src/config/gen/envoy/config/route/v3/route_pb.js";
import type { StreamInfo } from "../../../host/src/contracts/stream-info.ts";
import { parseRouteConfiguration } from "../../../host/src/router/config.ts";
import { createRouteTable } from "../../../host/src/router/route-table.ts";
import { messageOf, recordingParseContext } from "../../support/config-message.ts";

const info = {} as StreamInfo;
const request = headerMapOf([
  [":authority", "h"],
  [":path", "/"],
]);

function tableOf(routes: JsonValue[], virtualHost: JsonObject = {}, more: JsonObject = {}) {
  const json = {
    virtual_hosts: [{ name: "v", domains: ["*"], routes, ...virtualHost }],
    ...more,
  };
  const message = messageOf<RouteConfiguration>("envoy.config.route.v3.RouteConfiguration", json);
  return createRouteTable(parseRouteConfiguration(message, recordingParseContext()));
}

const filterConfig = (value: string | undefined, disabled = false): JsonObject => ({
  "@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig",
  disabled,
  ...(value !== undefined && {
    config: { "@type": "type.googleapis.com/google.protobuf.StringValue", value },
  }),
});

test("RouteTable.route() spreads requests over weighted clusters by their random value", () => {
  const clusters = [
    { name: "none", weight: 0 },
    { name: "a", weight: 1 },
    { name: "b", weight: 3 },
  ];
  const table = tableOf([{ match: { prefix: "/" }, route: { weighted_clusters: { clusters } } }]);
  const chosen = [0, 1, 2, 3, 4, 5, 4294967295].map((random) =>
    table.route(request, info, random)!.routeEntry!.clusterName(request),
  );
  assert.deepEqual(chosen, ["a", "b", "b", "b", "a", "b", "b"]);
});

test("RouteTable.route() gives the same object for the same choice", () => {
  const table = tableOf([{ match: { prefix: "/" }, route: { cluster: "a" } }]);
  assert.equal(table.route(request, info, 1), table.route(request, info, 2));
});

test("RouteTable.route() matches a fraction of the requests by their random value", () => {
  const half = { default_value: { numerator: 25, denominator: "HUNDRED" } };
  const table = tableOf([
    { name: "quarter", match: { prefix: "/", runtime_fraction: half }, route: { cluster: "a" } },
    { name: "rest", match: { prefix: "/" }, route: { cluster: "a" } },
  ]);
  const names = [0, 24, 25, 99, 100, 125].map((random) => table.route(request, info, random)!.name);
  assert.deepEqual(names, ["quarter", "quarter", "rest", "rest", "quarter", "rest"]);
});

test("RouteTable.route() finds nothing for a request without path, or without a host that is asked for", () => {
  const routes = [{ match: { prefix: "" }, route: { cluster: "a" } }];
  const noHost = headerMapOf([[":path", "/"]]);
  const all = tableOf(routes);
  assert.equal(all.route(headerMapOf([[":authority", "h"]]), info, 0), undefined);
  assert.notEqual(all.route(noHost, info, 0), undefined);
  const hosts = tableOf(routes, { domains: ["h", "*"] });
  assert.equal(hosts.route(noHost, info, 0), undefined);
});

test("Route.perFilterConfig() gives the most specific level", () => {
  const clusters = [
    { name: "a", weight: 1, typed_per_filter_config: { f: filterConfig("weight") } },
  ];
  const table = tableOf(
    [
      {
        match: { prefix: "/", headers: [{ name: "w" }] },
        route: { weighted_clusters: { clusters } },
        typed_per_filter_config: { f: filterConfig("route") },
      },
      { match: { prefix: "/" }, route: { cluster: "a" } },
    ],
    { typed_per_filter_config: { f: filterConfig("vh"), g: filterConfig("vh") } },
    { typed_per_filter_config: { f: filterConfig("rc") } },
  );
  const weighted = table.route(
    headerMapOf([
      [":authority", "h"],
      [":path", "/"],
      ["w", "1"],
    ]),
    info,
    0,
  )!;
  assert.equal(weighted.perFilterConfig("f"), "weight");
  assert.deepEqual(weighted.perFilterConfigs("f"), ["rc", "vh", "route", "weight"]);
  const plain = table.route(request, info, 0)!;
  assert.equal(plain.perFilterConfig("f"), "vh");
  assert.deepEqual(plain.perFilterConfigs("g"), ["vh"]);
  assert.equal(plain.perFilterConfig("unknown"), undefined);
  assert.deepEqual(plain.perFilterConfigs("unknown"), []);
});

test("Route.filterDisabled() follows the most specific level that speaks of the filter", () => {
  const table = tableOf(
    [
      {
        match: { prefix: "/" },
        route: { cluster: "a" },
        typed_per_filter_config: {
          on: filterConfig(undefined),
          off: filterConfig(undefined, true),
        },
      },
    ],
    { typed_per_filter_config: { on: filterConfig("vh", true), off: filterConfig("vh") } },
  );
  const route = table.route(request, info, 0)!;
  assert.equal(route.filterDisabled("on"), false);
  assert.equal(route.filterDisabled("off"), true);
  assert.equal(route.filterDisabled("other"), undefined);
  assert.equal(route.perFilterConfig("on"), "vh", "an entry without config leaves the outer one");
});

test("RouteEntry carries its timeouts, priority and the virtual host's attempt counts", () => {
  const route = { cluster: "a", timeout: "0.5s", idle_timeout: "0s", priority: "HIGH" };
  const table = tableOf([{ match: { prefix: "/" }, route }], {
    include_request_attempt_count: true,
  });
  const entry = table.route(request, info, 0)!.routeEntry!;
  assert.deepEqual(
    [entry.timeoutMs, entry.idleTimeoutMs, entry.priority, entry.includeAttemptCountInRequest],
    [500, 0, "high", true],
  );
  const plain = tableOf([{ match: { prefix: "/" }, route: { cluster: "a" } }]);
  const defaults = plain.route(request, info, 0)!.routeEntry!;
  assert.deepEqual(
    [defaults.timeoutMs, defaults.idleTimeoutMs, defaults.priority, defaults.clusterNotFoundCode],
    [15_000, undefined, "default", 503],
  );
});
