import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import type { JsonValue } from "@bufbuild/protobuf";
import { HeaderMapImpl, headerMapOf } from "../../../host/src/common/headers/header-map.ts";
import { newUpstreamInfo, StreamInfoImpl } from "../../../host/src/common/stream-info.ts";
import type { RouteConfiguration } from "../../../host/src/config/gen/envoy/config/route/v3/route_pb.js";
import type { HeaderMap } from "../../../host/src/contracts/headers.ts";
import type { RouteTable } from "../../../host/src/contracts/router/route.ts";
import { parseRouteConfiguration } from "../../../host/src/router/config.ts";
import { createRouteTable } from "../../../host/src/router/route-table.ts";
import { messageOf, recordingParseContext } from "../../support/config-message.ts";
import { SimulatedDispatcher } from "../../support/simulated-dispatcher.ts";

// What a real Envoy answered to each request (see test/golden/routes/record.ts) against what the routing table
// says. What the connection manager and the router filter do to heads is acted out here.

type Entries = [string, string][];
interface Golden {
  readonly routeConfig: JsonValue;
  readonly cases: readonly {
    readonly request: { method?: string; path: string; host?: string; headers?: Entries };
    readonly outcome: {
      status: number;
      headers: Entries;
      body?: string;
      upstream?: { path: string; headers: Entries };
    };
  }[];
}
type Case = Golden["cases"][number];

const folder = path.join(import.meta.dirname, "../../golden/routes");
const clusters = new Set(["a", "b", "c"]);

for (const file of readdirSync(folder).filter((name) => name.endsWith(".json"))) {
  const golden = JSON.parse(readFileSync(path.join(folder, file), "utf8")) as Golden;
  const context = recordingParseContext();
  const message = messageOf<RouteConfiguration>(
    "envoy.config.route.v3.RouteConfiguration",
    golden.routeConfig,
  );
  const table = createRouteTable(structuredClone(parseRouteConfiguration(message, context)));
  test(`RouteTable.route() answers as Envoy does: ${path.basename(file, ".json")}`, async (t) => {
    assert.deepEqual(context.problems, []);
    for (const [i, each] of golden.cases.entries()) {
      const { host = "h.com", path: target, headers = [] } = each.request;
      const name = `${i}: ${host} ${target} ${headers.map((entry) => entry.join(": ")).join(", ")}`;
      await t.test(name, () => {
        assert.deepEqual(actual(table, each), expected(each));
      });
    }
  });
}

interface Outcome {
  status: number;
  /** Of the response: what routes have a say in. */
  headers: Entries;
  body?: string | undefined;
  upstream?: { path: string; headers: Entries };
}

const notRouted = new Set(["server", "content-length"]);

function expected({ outcome }: Case): Outcome {
  const headers = outcome.headers.filter(([name]) => !notRouted.has(name));
  const contentType = ([name, value]: [string, string]) =>
    !(name === "content-type" && value === "text/plain");
  if (outcome.upstream !== undefined) {
    return { status: 200, headers, upstream: outcome.upstream };
  }
  if (outcome.headers.some(([name]) => name === "grpc-status")) {
    const grpc = outcome.headers.find(([name]) => name === "grpc-message");
    return { status: 200, headers: [], body: grpc?.[1] ?? "" };
  }
  return { status: outcome.status, headers: headers.filter(contentType), body: outcome.body };
}

function requestMap({ request }: Case): HeaderMapImpl {
  const map = headerMapOf([
    [":authority", request.host ?? "h.com"],
    [":path", request.path],
    [":method", request.method ?? "GET"],
    [":scheme", "http"],
    ...(request.headers ?? []),
  ]);
  if (!map.has("x-forwarded-proto")) map.add("x-forwarded-proto", "http");
  return map;
}

function actual(table: RouteTable, each: Case): Outcome {
  const request = requestMap(each);
  for (const name of table.internalOnlyHeaders) request.remove(name);
  const info = new StreamInfoImpl(new SimulatedDispatcher().time, {
    downstreamLocalAddress: undefined,
    downstreamRemoteAddress: { kind: "ip", ip: "127.0.0.1", port: 1, family: 4 },
    downstreamDirectRemoteAddress: undefined,
    connectionId: 1,
    filterChainName: "",
    requestedServerName: "",
  });
  info.protocol = "HTTP/1.1";
  info.requestHeaders = request;
  const route = table.route(request, info, 0);
  if (route === undefined) return { status: 404, headers: [], body: "" };
  const response = new HeaderMapImpl();
  const direct = route.directResponse;
  if (direct !== undefined) {
    direct.rewritePath(request, true);
    const location = direct.newUri(request);
    if (location !== undefined) response.add("location", location);
    route.finalizeResponseHeaders(response, info);
    if (direct.body === "") response.remove("content-type");
    return { status: direct.code, headers: entriesOf(response), body: direct.body };
  }
  const entry = route.routeEntry!;
  const cluster = entry.clusterName(request) ?? "";
  if (!clusters.has(cluster)) {
    route.finalizeResponseHeaders(response, info);
    response.remove("content-length");
    return { status: entry.clusterNotFoundCode, headers: entriesOf(response), body: "" };
  }
  info.upstreamInfo = { ...newUpstreamInfo(), clusterName: cluster };
  if (entry.timeoutMs > 0) request.set("x-envoy-expected-rq-timeout-ms", `${entry.timeoutMs}`);
  if (entry.includeAttemptCountInRequest) request.set("x-envoy-attempt-count", "1");
  entry.finalizeRequestHeaders(request, info, true);
  response.add("x-cluster", cluster);
  response.add("content-length", "N");
  response.add("x-envoy-upstream-service-time", "0");
  if (entry.includeAttemptCountInResponse) response.add("x-envoy-attempt-count", "1");
  info.responseCode = 200;
  route.finalizeResponseHeaders(response, info);
  const serviceTime = "x-envoy-upstream-service-time";
  if (response.get(serviceTime) === "0") response.set(serviceTime, "N");
  for (const name of notRouted) response.remove(name);
  response.remove("date");
  return { status: 200, headers: entriesOf(response), upstream: upstreamView(request) };
}

function upstreamView(request: HeaderMap): { path: string; headers: Entries } {
  const headers = entriesOf(request).filter(([name]) => !/^:(path|method|scheme)$/.test(name));
  return {
    path: request.get(":path")!,
    headers: headers.map(([name, value]) => [name === ":authority" ? "host" : name, value]),
  };
}

function entriesOf(map: HeaderMap): Entries {
  const entries: Entries = [];
  for (let i = 0; i < map.size; i += 1) entries.push([map.nameAt(i), map.valueAt(i)]);
  return entries;
}
