import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import http2 from "node:http2";
import net from "node:net";
import path from "node:path";
import { after, beforeEach, describe, test } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { adminAt, statsBelow } from "../support/admin-stats.ts";
import { type GrpcAnswer, type GrpcCallSeen, grpcService } from "../support/callout-services.ts";
import { eventually } from "../support/eventually.ts";
import { listenerPorts } from "../support/listener-ports.ts";
import { freePort } from "../support/ports.ts";
import {
  bootstrap,
  discoveredFilter,
  extensionResponse,
  httpFilter,
  httpListener,
  moveInto,
  staticCluster,
} from "../support/proxy-config.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";

// What happens to requests and connections while a service is asked about them.

const filters = "type.googleapis.com/envoy.extensions.filters";
const allowed: GrpcAnswer = { message: { status: { code: 0 } } };
const denied: GrpcAnswer = { message: { status: { code: 7 } } };

let answer: (call: GrpcCallSeen) => GrpcAnswer | Promise<GrpcAnswer> = () => allowed;
let checks = 0;
let cancelled = 0;
const cleanup = { after };
const auth = await grpcService(cleanup, {
  path: "/envoy.service.auth.v3.Authorization/Check",
  requestType: "envoy.service.auth.v3.CheckRequest",
  responseType: "envoy.service.auth.v3.CheckResponse",
  answer: (call) => {
    checks += 1;
    return answer(call);
  },
  cancelled: () => (cancelled += 1),
});
const limits = await grpcService(cleanup, {
  path: "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit",
  requestType: "envoy.service.ratelimit.v3.RateLimitRequest",
  responseType: "envoy.service.ratelimit.v3.RateLimitResponse",
  answer: () => ({ message: { overall_code: "OVER_LIMIT" } }),
});

/** Answers with how much it was sent. */
const upstream = http.createServer((request, response) => {
  let bytes = 0;
  request.on("data", (chunk: Buffer) => (bytes += chunk.length));
  request.on("end", () => response.end(`${bytes} bytes`));
});
upstream.listen(0, "127.0.0.1");
await once(upstream, "listening");
after(() => upstream.close());

const folder = scratchFolder(cleanup);
const discovered = path.join(folder, "filter.json");
const admin = await freePort();
const service = { envoy_grpc: { cluster_name: "auth" }, timeout: "60s" };
const extAuthz = (more: JsonObject = {}): JsonObject => ({
  "@type": `${filters}.http.ext_authz.v3.ExtAuthz`,
  grpc_service: service,
  transport_api_version: "V3",
  ...more,
});
const rateLimit: JsonObject = {
  "@type": `${filters}.http.ratelimit.v3.RateLimit`,
  domain: "d",
  timeout: "60s",
  rate_limits: [{ actions: [{ remote_address: {} }] }],
  rate_limit_service: { grpc_service: { envoy_grpc: { cluster_name: "limits" } } },
};
const listener = (name: string, list: JsonObject[], more: JsonObject = {}): JsonObject =>
  httpListener({ name, port: 0, filters: list, hcm: more });
moveInto(discovered, extensionResponse("found", "1", extAuthz()));

const tcp: JsonObject = {
  name: "tcp",
  address: { socket_address: { address: "127.0.0.1", port_value: 0 } },
  filter_chains: [
    {
      filters: [
        {
          name: "auth",
          typed_config: {
            "@type": `${filters}.network.ext_authz.v3.ExtAuthz`,
            stat_prefix: "tcp",
            grpc_service: service,
          },
        },
        { name: "echo", typed_config: { "@type": `${filters}.network.echo.v3.Echo` } },
      ],
    },
  ],
};

await startSluice(cleanup, {
  folder,
  args: ["--concurrency", "2"],
  config: bootstrap(
    [
      listener("auth", [httpFilter("auth", extAuthz())]),
      listener("body", [
        httpFilter("auth", extAuthz({ with_request_body: { max_request_bytes: 1_000_000 } })),
      ]),
      listener("partial", [
        httpFilter(
          "auth",
          extAuthz({ with_request_body: { max_request_bytes: 10, allow_partial_message: true } }),
        ),
      ]),
      listener("both", [httpFilter("limit", rateLimit), httpFilter("auth", extAuthz())]),
      listener("retried", [
        httpFilter(
          "auth",
          extAuthz({
            grpc_service: { ...service, retry_policy: { retry_on: "unavailable", num_retries: 2 } },
          }),
        ),
      ]),
      listener("found", [
        discoveredFilter("found", discovered, [
          "envoy.extensions.filters.http.ext_authz.v3.ExtAuthz",
        ]),
      ]),
      tcp,
    ],
    [
      staticCluster("upstream", [(upstream.address() as net.AddressInfo).port]),
      staticCluster("auth", [auth], { http2_protocol_options: {} }),
      staticCluster("limits", [limits], { http2_protocol_options: {} }),
    ],
    adminAt(admin),
  ),
});
const ports = await listenerPorts(admin);
const port = (name: string): number => ports.get(name)!;

interface Answered {
  readonly status: number;
  readonly body: string;
}

async function request(name: string, body = ""): Promise<Answered> {
  const method = body === "" ? "GET" : "POST";
  const sent = http.request({ port: port(name), host: "127.0.0.1", method, agent: false });
  sent.end(body);
  const [response] = (await once(sent, "response")) as [http.IncomingMessage];
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += String(chunk);
  return { status: response.statusCode!, body: text };
}

/** An answer that comes when `release` is called. */
function held(): { readonly answer: Promise<GrpcAnswer>; release(given: GrpcAnswer): void } {
  const { promise, resolve } = Promise.withResolvers<GrpcAnswer>();
  return { answer: promise, release: resolve };
}

beforeEach(() => {
  answer = () => allowed;
  checks = 0;
  cancelled = 0;
});

describe("ext_authz", () => {
  test("a client that goes away cancels the check, and others are served", async () => {
    answer = () => "nothing";
    const gone = net.connect(port("auth"), "127.0.0.1");
    gone.on("error", () => undefined);
    gone.write("GET / HTTP/1.1\r\nhost: h\r\n\r\n");
    await eventually(() => checks === 1, "the check");
    gone.destroy();
    await eventually(() => cancelled === 1, "the cancellation");
    answer = () => allowed;
    assert.deepEqual(await request("auth"), { status: 200, body: "0 bytes" });
  });

  test("a body that is larger than all buffers waits for the answer, and arrives whole", async () => {
    const waiting = held();
    answer = () => waiting.answer;
    const answered = request("auth", "x".repeat(6_000_000));
    await eventually(() => checks === 1, "the check");
    waiting.release(allowed);
    assert.deepEqual(await answered, { status: 200, body: "6000000 bytes" });
  });

  test("a body that is sent to the service arrives whole at the upstream, too", async () => {
    let told = 0;
    answer = ({ request: { attributes } }) => {
      told = JSON.stringify(attributes).split("y").length - 1;
      return allowed;
    };
    assert.deepEqual(await request("body", "y".repeat(400_000)), {
      status: 200,
      body: "400000 bytes",
    });
    assert.ok(told >= 400_000);
  });

  test("a body whose beginning is enough waits for the answer, and arrives whole", async () => {
    const waiting = held();
    let told: unknown;
    answer = ({ request: { attributes } }) => {
      told = (attributes as { request: { http: { body: string } } }).request.http.body;
      return waiting.answer;
    };
    const answered = request("partial", "z".repeat(6_000_000));
    await eventually(() => checks === 1, "the check");
    waiting.release(allowed);
    assert.deepEqual(await answered, { status: 200, body: "6000000 bytes" });
    assert.equal(told, "zzzzzzzzzz");
  });

  test("a body that ends with trailers is sent to the service, and goes on", async () => {
    let told: unknown;
    answer = ({ request: { attributes } }) => {
      told = (attributes as { request: { http: { body: string } } }).request.http.body;
      return allowed;
    };
    const session = http2.connect(`http://127.0.0.1:${port("body")}`);
    after(() => session.destroy());
    const stream = session.request({ ":method": "POST" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "x-last": "1" }));
    stream.end("hello");
    let text = "";
    for await (const chunk of stream.setEncoding("utf8")) text += String(chunk);
    session.close();
    assert.equal(text, "5 bytes");
    assert.equal(told, "hello");
  });

  test("streams of one HTTP/2 connection wait for their own answers", async () => {
    const first = held();
    answer = ({ request: check }) =>
      JSON.stringify(check).includes('"/first"') ? first.answer : denied;
    const session = http2.connect(`http://127.0.0.1:${port("auth")}`);
    after(() => session.destroy());
    const status = async (stream: http2.ClientHttp2Stream): Promise<number> => {
      const [headers] = (await once(stream, "response")) as [http2.IncomingHttpHeaders];
      return Number(headers[":status"]);
    };
    const slow = status(session.request({ ":path": "/first" }));
    assert.equal(await status(session.request({ ":path": "/second" })), 403);
    first.release(allowed);
    assert.equal(await slow, 200);
    session.close();
  });

  test("a status that cannot end a response is 403", async () => {
    for (const code of [100, 600, -1]) {
      answer = () => ({ message: { status: { code: 7 }, denied_response: { status: { code } } } });
      assert.equal((await request("auth")).status, 403);
    }
  });

  test("a check is made again after a status of retry_on", async () => {
    answer = () => (checks < 3 ? { status: 14 } : allowed);
    assert.equal((await request("retried")).status, 200);
    assert.equal(checks, 3);
  });

  test("the filter can be discovered, and replaced", async () => {
    answer = () => ({ status: 14 });
    assert.equal((await request("found")).status, 403);
    const open = extAuthz({ status_on_error: { code: 503 } });
    moveInto(discovered, extensionResponse("found", "2", open));
    let status = 0;
    const ask = async (): Promise<void> => void (status = (await request("found")).status);
    // Each worker takes the new version for itself.
    for (let same = 0, tries = 0; same < 20; same = status === 503 ? same + 1 : 0) {
      await ask();
      assert.ok((tries += 1) < 2000, "the new version does not come");
    }
  });
});

describe("ratelimit", () => {
  test("what is beyond the limit is not seen by the filters behind", async () => {
    assert.equal((await request("both")).status, 429);
    assert.equal(checks, 0);
  });
});

describe("ext_authz of connections", () => {
  const stats = (): Promise<Map<string, number>> => statsBelow(admin, "ext_authz.tcp.");

  test("a client that goes away while the service is asked leaves nothing behind", async () => {
    answer = () => "nothing";
    const gone = net.connect(port("tcp"), "127.0.0.1");
    gone.on("error", () => undefined);
    gone.write("hello");
    await eventually(() => checks === 1, "the check");
    assert.equal((await stats()).get("active"), 1);
    // A FIN alone would leave the other direction open.
    gone.resetAndDestroy();
    await eventually(() => cancelled === 1, "the cancellation");
    await eventually(async () => (await stats()).get("active") === 0, "the end");
  });

  test("what arrives meanwhile is passed on in order", async () => {
    const waiting = held();
    answer = () => waiting.answer;
    const client = net.connect(port("tcp"), "127.0.0.1").setEncoding("utf8");
    let text = "";
    client.on("data", (chunk) => (text += String(chunk)));
    client.write("one ");
    await eventually(() => checks === 1, "the check");
    client.write("two");
    waiting.release(allowed);
    await eventually(() => text === "one two", "the echo");
    client.destroy();
  });
});
