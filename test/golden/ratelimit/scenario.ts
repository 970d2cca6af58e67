import net from "node:net";
import type { JsonObject } from "@bufbuild/protobuf";
import { adminAt } from "../../support/admin-stats.ts";
import { stableCheck, stableHead } from "../../support/callout-recording.ts";
import { exchange, grpcService, rawHttpServer } from "../../support/callout-services.ts";
import {
  clusterName,
  listenerName,
  runRequestCases,
  type Traces,
} from "../../support/callout-requests.ts";
import { freePort } from "../../support/ports.ts";
import {
  bootstrap,
  httpFilter,
  httpListener,
  luaConfig,
  staticCluster,
} from "../../support/proxy-config.ts";
import type { Cleanup } from "../../support/sluice-process.ts";
import type { LimitCase } from "./cases.ts";

/** What everybody saw of one request. */
export interface LimitOutcome extends Traces {
  /** What the rate limit service was asked. */
  readonly calls: unknown[];
  readonly upstream: string[];
  readonly response: string[];
}

const filterType = "type.googleapis.com/envoy.extensions.filters.http.ratelimit.v3";
const filterName = "envoy.filters.http.ratelimit";
const logFormat = `%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %DYNAMIC_METADATA(${filterName})% %DYNAMIC_METADATA(other.ns)%`;

/** Runs the cases one by one against one proxy. */
export async function runLimits(
  cleanup: Cleanup,
  cases: readonly LimitCase[],
): Promise<Map<string, LimitOutcome>> {
  let calls: unknown[] = [];
  let received: string[] = [];
  let current: LimitCase = cases[0]!;
  const grpc = await grpcService(cleanup, {
    path: "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit",
    requestType: "envoy.service.ratelimit.v3.RateLimitRequest",
    responseType: "envoy.service.ratelimit.v3.RateLimitResponse",
    answer: (call) => {
      calls.push(stableCheck(call));
      return current.answer ?? { message: { overall_code: "OK" } };
    },
  });
  const upstream = await rawHttpServer(cleanup, (request) => {
    received = stableHead(request);
    return "HTTP/1.1 200 OK\r\nx-up: 1\r\ncontent-length: 2\r\n\r\nup";
  });
  const ports = { grpc, upstream, dead: await freePort() };
  return await runRequestCases(cleanup, {
    cases,
    statName: "ratelimit",
    config: (admin, log) => configOf(cases, { ...ports, admin }, log),
    run: async (each, port) => {
      current = each;
      calls = [];
      received = [];
      const socket = net.connect(port, "127.0.0.1");
      const response = stableHead(await exchange(socket, requestOf(each)));
      await until(() => calls.length >= (each.calls ?? 0));
      return { calls, upstream: received, response };
    },
  });
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error("a call is missing");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function requestOf(each: LimitCase): string {
  const { method = "GET", target = "/", headers = [], body = "" } = each.request ?? {};
  const lines = [`${method} ${target} HTTP/1.1`, "host: h", ...headers];
  if (method !== "GET") lines.push(`content-length: ${body.length}`);
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}

type Ports = { readonly [P in "grpc" | "upstream" | "dead" | "admin"]: number };

function configOf(cases: readonly LimitCase[], ports: Ports, log: string): JsonObject {
  const http2 = { http2_protocol_options: {} };
  return bootstrap(
    cases.map((each) => listenerOf(each, log)),
    [
      ...cases.map((each) => staticCluster(clusterName(each), [ports.upstream])),
      staticCluster("limits", [ports.grpc], http2),
      staticCluster("dead", [ports.dead], http2),
    ],
    { ...adminAt(ports.admin), node: { id: "n", cluster: "node-cluster" } },
  );
}

function perRoute(settings: JsonObject | undefined): JsonObject {
  const typed = { "@type": `${filterType}.RateLimitPerRoute`, ...settings };
  return settings === undefined ? {} : { typed_per_filter_config: { [filterName]: typed } };
}

function listenerOf(each: LimitCase, log: string): JsonObject {
  const service = { envoy_grpc: { cluster_name: each.dead === true ? "dead" : "limits" } };
  const typed = {
    "@type": `${filterType}.RateLimit`,
    domain: "test",
    timeout: each.slow === true ? "0.1s" : "20s",
    rate_limit_service: { grpc_service: service, transport_api_version: "V3" },
    ...each.filter,
  };
  const before = each.before === undefined ? [] : [httpFilter("before", luaConfig(each.before))];
  return httpListener({
    name: listenerName(each),
    port: 0,
    filters: [...before, httpFilter(filterName, typed)],
    virtualHosts: [
      {
        name: "v",
        domains: ["*"],
        ...(each.hostLimits && { rate_limits: [...each.hostLimits] }),
        ...perRoute(each.host),
        routes: [{ match: { prefix: "/" }, ...actionOf(each), ...perRoute(each.route) }],
      },
    ],
    accessLog: log,
    logFormat,
  });
}

function actionOf(each: LimitCase): JsonObject {
  if (each.action?.["direct"] === true) return { direct_response: { status: 200 } };
  const limits = each.limits && { rate_limits: [...each.limits] };
  return {
    metadata: { filter_metadata: { ns: { text: "of the route" } } },
    route: { cluster: clusterName(each), ...limits, ...each.action },
  };
}
