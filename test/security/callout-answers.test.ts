// Authorization and rate limit services that answer with what must not stand on a wire: it does not get there, whether
// or not the filter validates, and the proxy goes on.
import assert from "node:assert/strict";
import net from "node:net";
import { after, test } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { adminAt } from "../support/admin-stats.ts";
import { exchange, grpcService, rawHttpServer } from "../support/callout-services.ts";
import { listenerPorts } from "../support/listener-ports.ts";
import { freePort } from "../support/ports.ts";
import { bootstrap, httpFilter, httpListener, staticCluster } from "../support/proxy-config.ts";
import { startSluice } from "../support/sluice-process.ts";

const cleanup = { after };
let answer: JsonObject = {};
let upstreamSaw = "";
const auth = await grpcService(cleanup, {
  path: "/envoy.service.auth.v3.Authorization/Check",
  requestType: "envoy.service.auth.v3.CheckRequest",
  responseType: "envoy.service.auth.v3.CheckResponse",
  answer: () => ({ message: answer }),
});
const limits = await grpcService(cleanup, {
  path: "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit",
  requestType: "envoy.service.ratelimit.v3.RateLimitRequest",
  responseType: "envoy.service.ratelimit.v3.RateLimitResponse",
  answer: () => ({ message: answer }),
});
const upstream = await rawHttpServer(cleanup, (request) => {
  upstreamSaw += request;
  return "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
});

const filters = "type.googleapis.com/envoy.extensions.filters.http";
const extAuthz = {
  "@type": `${filters}.ext_authz.v3.ExtAuthz`,
  grpc_service: { envoy_grpc: { cluster_name: "auth" }, timeout: "60s" },
};
const rateLimit = {
  "@type": `${filters}.ratelimit.v3.RateLimit`,
  domain: "d",
  timeout: "60s",
  enable_x_ratelimit_headers: "DRAFT_VERSION_03",
  rate_limits: [{ actions: [{ remote_address: {} }] }],
  rate_limit_service: { grpc_service: { envoy_grpc: { cluster_name: "limits" } } },
};
const admin = await freePort();
const http2 = { http2_protocol_options: {} };
await startSluice(cleanup, {
  args: ["--concurrency", "1"],
  config: bootstrap(
    [
      httpListener({ name: "auth", port: 0, filters: [httpFilter("auth", extAuthz)] }),
      httpListener({ name: "limit", port: 0, filters: [httpFilter("limit", rateLimit)] }),
    ],
    [
      staticCluster("upstream", [upstream]),
      staticCluster("auth", [auth], http2),
      staticCluster("limits", [limits], http2),
    ],
    adminAt(admin),
  ),
});
const ports = await listenerPorts(admin);

async function ask(listener: "auth" | "limit", given: JsonObject): Promise<string> {
  answer = given;
  upstreamSaw = "";
  const socket = net.connect(ports.get(listener)!, "127.0.0.1");
  return await exchange(socket, "GET /p?a=1 HTTP/1.1\r\nhost: h\r\n\r\n");
}

const split = "a\r\nx-injected: 1\r\n\r\nGET /injected HTTP/1.1\r\n";
const headers = (key: string, value: string): JsonObject[] => [{ header: { key, value } }];
const ok = (response: JsonObject): JsonObject => ({ status: {}, ok_response: response });
const denied = (response: JsonObject): JsonObject => ({
  status: { code: 7 },
  denied_response: response,
});
const answers: { readonly [name: string]: JsonObject } = {
  "a request header's value": ok({ headers: headers("x-a", split) }),
  "a request header's name": ok({ headers: headers(`x-${split}`, "1") }),
  "a path": ok({ headers: headers(":path", `/ HTTP/1.1\r\nx-injected: 1\r\n`) }),
  "a method": ok({ headers: headers(":method", `GET /injected HTTP/1.1\r\nx-injected: 1\r\n`) }),
  "an authority": ok({ headers: headers(":authority", split) }),
  "a length": ok({ headers: headers("content-length", "5") }),
  "an encoding": ok({ headers: headers("transfer-encoding", "chunked") }),
  "a query parameter": ok({ query_parameters_to_set: [{ key: "a", value: split }] }),
  "a response header's value": ok({ response_headers_to_add: headers("x-a", split) }),
  "a response header's name": ok({ response_headers_to_add: headers(`x-${split}`, "1") }),
  "a status": ok({ response_headers_to_add: headers(":status", split) }),
  "a denial's header": denied({ headers: headers("x-a", split) }),
  "a denial's status": denied({ headers: headers(":status", split) }),
  "a denial's length": denied({ headers: headers("content-length", "5"), body: "longer" }),
};

for (const [name, given] of Object.entries(answers)) {
  test(`ext_authz: ${name} cannot add to a message`, async () => {
    const response = await ask("auth", given);
    assert.ok(!/^x-injected/im.test(response), response);
    assert.ok(!/^x-injected|^GET \/injected/im.test(upstreamSaw), upstreamSaw);
    assert.equal(upstreamSaw.split(" HTTP/1.1\r\n").length <= 2, true, upstreamSaw);
    assert.match(await ask("auth", { status: {} }), /^HTTP\/1.1 200 OK\r\n/);
  });
}

test("ratelimit: headers and names of limits cannot add to a message", async () => {
  const pair = [{ key: "x-a", value: split }];
  for (const given of [
    { overall_code: "OK", request_headers_to_add: pair },
    { overall_code: "OK", response_headers_to_add: pair },
    { overall_code: "OVER_LIMIT", response_headers_to_add: pair },
    {
      overall_code: "OVER_LIMIT",
      statuses: [{ current_limit: { name: split, requests_per_unit: 1, unit: "DAY" } }],
    },
  ]) {
    const response = await ask("limit", given);
    assert.ok(!/^x-injected/im.test(response), response);
    assert.ok(!/^x-injected|^GET \/injected/im.test(upstreamSaw), upstreamSaw);
  }
  assert.match(await ask("limit", { overall_code: "OK" }), /^HTTP\/1.1 200 OK\r\n/);
});
