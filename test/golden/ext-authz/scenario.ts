import net from "node:net";
import type { JsonObject } from "@bufbuild/protobuf";
import { adminAt } from "../../support/admin-stats.ts";
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
import {
  certificate,
  clientIdentity,
  connectTls,
  downstreamTls,
  tlsFile,
} from "../../support/tls.ts";
import type { AuthCase } from "./auth-case.ts";
import { stableCheck, stableHead, stableLog } from "../../support/callout-recording.ts";

/** What everybody saw of one request. */
export interface AuthOutcome extends Traces {
  /** What the authorization service received; several, if it was asked several times. */
  readonly checks: unknown[];
  /** The request that reached the upstream. */
  readonly upstream: string[];
  readonly response: string[];
}

const filterType = "type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3";
const filterName = "envoy.filters.http.ext_authz";
const logFormat = `%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %DYNAMIC_METADATA(${filterName})%`;

/** What the services and the upstream have seen of the request under way. */
interface Seen {
  checks: unknown[];
  upstream: string[];
}

/** Runs the cases one by one against one proxy. */
export async function runCases(
  cleanup: Cleanup,
  cases: readonly AuthCase[],
): Promise<Map<string, AuthOutcome>> {
  const seen: Seen = { checks: [], upstream: [] };
  let current: AuthCase = cases[0]!;
  const ports = await services(cleanup, seen, () => current);
  const outcomes = await runRequestCases(cleanup, {
    cases,
    statName: "ext_authz",
    config: (admin, log) => configOf(cases, { ...ports, admin, log }),
    run: async (each, port) => {
      current = each;
      seen.checks = [];
      seen.upstream = [];
      const response = stableHead(await exchange(await connect(each, port), requestOf(each)));
      return { checks: seen.checks, upstream: seen.upstream, response };
    },
  });
  return new Map(
    [...outcomes].map(([name, outcome]) => [name, { ...outcome, log: stableLog(outcome.log) }]),
  );
}

async function connect(each: AuthCase, port: number): Promise<net.Socket> {
  if (each.tls !== true) return net.connect(port, "127.0.0.1");
  return await connectTls(port, clientIdentity("client"));
}

function requestOf(each: AuthCase): string {
  const { method = "GET", target = "/", headers = [], body = "" } = each.request ?? {};
  const lines = [`${method} ${target} HTTP/1.1`, "host: h", ...headers];
  if (body !== "" && !headers.some((line) => /^(transfer-encoding|content-length):/.test(line))) {
    lines.push(`content-length: ${body.length}`);
  }
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}

interface Ports {
  readonly grpc: number;
  readonly http: number;
  readonly upstream: number;
  readonly dead: number;
}

async function services(cleanup: Cleanup, seen: Seen, current: () => AuthCase): Promise<Ports> {
  const grpc = await grpcService(cleanup, {
    path: "/envoy.service.auth.v3.Authorization/Check",
    requestType: "envoy.service.auth.v3.CheckRequest",
    responseType: "envoy.service.auth.v3.CheckResponse",
    answer: (call) => {
      seen.checks.push(stableCheck(call));
      return current().grpc ?? "nothing";
    },
  });
  const http = await rawHttpServer(cleanup, (request) => {
    seen.checks.push(stableHead(request));
    const answers = current().http;
    if (typeof answers === "string" || answers === undefined) return answers;
    return answers[Math.min(seen.checks.length, answers.length) - 1];
  });
  const upstream = await rawHttpServer(cleanup, (request) => {
    seen.upstream = stableHead(request);
    return "HTTP/1.1 200 OK\r\nx-up: 1\r\nx-up-2: 1\r\ncontent-length: 2\r\n\r\nup";
  });
  return { grpc, http, upstream, dead: await freePort() };
}

function configOf(
  cases: readonly AuthCase[],
  ports: Ports & { readonly admin: number; readonly log: string },
): JsonObject {
  const http2 = { http2_protocol_options: {} };
  return bootstrap(
    cases.map((each) => listenerOf(each, ports.log)),
    [
      ...cases.map((each) => staticCluster(clusterName(each), [ports.upstream])),
      staticCluster("auth-grpc", [ports.grpc], http2),
      staticCluster("auth-http", [ports.http]),
      staticCluster("dead", [ports.dead], http2),
    ],
    {
      ...adminAt(ports.admin),
      node: {
        id: "n",
        cluster: "node-cluster",
        metadata: { labels: { team: "blue", rank: 1 }, other: "x" },
      },
    },
  );
}

function listenerOf(each: AuthCase, log: string): JsonObject {
  const typed = { "@type": `${filterType}.ExtAuthz`, ...serviceOf(each), ...each.filter };
  const before = each.before === undefined ? [] : [httpFilter("before", luaConfig(each.before))];
  const perRoute = (settings: JsonObject | undefined): JsonObject =>
    settings === undefined
      ? {}
      : {
          typed_per_filter_config: {
            [each.filterName ?? filterName]: {
              "@type": `${filterType}.ExtAuthzPerRoute`,
              ...settings,
            },
          },
        };
  const listener = httpListener({
    name: listenerName(each),
    port: 0,
    filters: [...before, httpFilter(each.filterName ?? filterName, typed)],
    virtualHosts: [
      {
        name: "v",
        domains: ["*"],
        ...perRoute(each.host),
        routes: [
          {
            match: { prefix: "/", headers: [{ name: "x-other-route", present_match: true }] },
            route: { cluster: clusterName(each), prefix_rewrite: "/other" },
          },
          {
            match: { prefix: "/" },
            route: { cluster: clusterName(each) },
            metadata: { filter_metadata: { "route.ns": { k: "v" }, other: { k: "o" } } },
            ...perRoute(each.route),
          },
        ],
      },
    ],
    accessLog: log,
    logFormat,
  });
  if (each.tls === true) {
    (listener["filter_chains"] as JsonObject[])[0]!["transport_socket"] = downstreamTls({
      tls_certificates: [certificate("server")],
      validation_context: { trusted_ca: { filename: tlsFile("ca-cert.pem") } },
    });
  }
  return listener;
}

function serviceOf(each: AuthCase): JsonObject {
  const timeout = each.slow === true ? "0.1s" : "20s";
  if (each.http !== undefined || each.httpService !== undefined) {
    const cluster = each.dead === true ? "dead" : "auth-http";
    const uri = { uri: "http://auth.test/ignored", cluster, timeout };
    return { http_service: { server_uri: uri, ...each.httpService } };
  }
  const cluster = each.dead === true ? "dead" : "auth-grpc";
  const grpc = { cluster_name: cluster, ...each.envoyGrpc };
  const service = { envoy_grpc: grpc, timeout, ...each.grpcService };
  return { grpc_service: service, transport_api_version: "V3" };
}
