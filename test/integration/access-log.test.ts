import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import net, { type AddressInfo } from "node:net";
import path from "node:path";
import { test } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { freePort } from "../support/ports.ts";
import { bootstrap, httpListener, typeUrl, staticCluster } from "../support/proxy-config.ts";
import { type Cleanup, scratchFolder, startSluice } from "../support/sluice-process.ts";

// The first three tests expect what Envoy does, too: run them with SLUICE_UNDER_TEST=envoy.

/** An upstream with one answer, which closes nothing by itself. */
async function upstream(cleanup: Cleanup): Promise<number> {
  const server = net.createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", () => {
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx-up: yes\r\n\r\nhello");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanup.after(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** Sends bytes, and gives what comes until `enough` is found in it, so many times. */
async function exchange(port: number, text: string, enough: RegExp, times = 1): Promise<string> {
  const socket = net.connect(port, "127.0.0.1");
  let answer = "";
  socket.setEncoding("latin1");
  socket.write(text, "latin1");
  for await (const piece of socket as AsyncIterable<string>) {
    answer += piece;
    if (answer.split(enough).length > times) break;
  }
  socket.destroy();
  return answer;
}

async function linesOf(file: string, count: number): Promise<string[]> {
  for (;;) {
    const lines = existsSync(file) ? readFileSync(file, "latin1").split("\n").slice(0, -1) : [];
    if (lines.length >= count) return lines;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const json = (file: string, format: JsonObject, filter?: JsonObject): JsonObject => ({
  name: "envoy.access_loggers.file",
  ...(filter && { filter }),
  typed_config: { "@type": typeUrl("fileLog"), path: file, log_format: { json_format: format } },
});

/** What the log says of a proxied stream, and does not change from run to run. */
const streamFormat = {
  code: "%RESPONSE_CODE%",
  details: "%RESPONSE_CODE_DETAILS%",
  flags: "%RESPONSE_FLAGS%",
  received: "%BYTES_RECEIVED%",
  sent: "%BYTES_SENT%",
  protocol: "%PROTOCOL%",
  upstreamProtocol: "%UPSTREAM_PROTOCOL%",
  host: "%UPSTREAM_HOST%",
  cluster: "%UPSTREAM_CLUSTER%",
  attempts: "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
  route: "%ROUTE_NAME%",
  path: "%REQ(:PATH)%",
  original: "%REQ(X-ENVOY-ORIGINAL-PATH)%",
  fromUpstream: "%RESP(X-UP)%",
  type: "%ACCESS_LOG_TYPE%",
  bytes: "%REQ(X-BYTES)%",
};

test("HTTP access log tells of proxied, failed and direct answers", async (t) => {
  const folder = scratchFolder(t);
  const file = path.join(folder, "log");
  const errors = path.join(folder, "errors");
  const [port, dead, up] = [await freePort(), await freePort(), await upstream(t)];
  const routes: JsonObject[] = [
    { name: "direct", match: { path: "/direct" }, direct_response: { status: 201 } },
    { name: "dead", match: { path: "/dead" }, route: { cluster: "dead" } },
    {
      name: "proxied",
      match: { prefix: "/" },
      route: { cluster: "upstream", prefix_rewrite: "/new/" },
    },
  ];
  const only5xx = {
    status_code_filter: {
      comparison: { op: "GE", value: { default_value: 500, runtime_key: "unused" } },
    },
  };
  const logs = [json(file, streamFormat), json(errors, { code: "%RESPONSE_CODE%" }, only5xx)];
  const listener = httpListener({ port, routes, hcm: { access_log: logs } });
  const clusters = [staticCluster("upstream", [up]), staticCluster("dead", [dead])];
  // One worker: the lines of several come in no order.
  const args = ["--concurrency", "1"];
  await startSluice(t, { config: bootstrap([listener], clusters), folder, args });

  const request =
    "POST /a?b HTTP/1.1\r\nhost: h\r\nx-bytes: \xc3\xa4\r\ncontent-length: 3\r\n\r\nabc";
  await exchange(port, request, /hello$/);
  await exchange(port, "GET /dead HTTP/1.1\r\nhost: h\r\n\r\n", /failure$/);
  await exchange(port, "GET /direct HTTP/1.1\r\nhost: h\r\n\r\n", /201 Created/);

  const entries = (await linesOf(file, 3)).map(
    (line) => JSON.parse(Buffer.from(line, "latin1").toString("utf8")) as JsonObject,
  );
  const failure = "upstream_reset_before_response_started{remote_connection_failure|";
  assert.ok((entries[1]!["details"] as string).startsWith(failure), "with the reason behind it");
  const common = { protocol: "HTTP/1.1", type: "DownstreamEnd" };
  assert.deepEqual(
    entries.map(({ details: _details, ...entry }) => entry),
    [
      {
        ...common,
        code: 200,
        flags: "-",
        received: 3,
        sent: 5,
        upstreamProtocol: "HTTP/1.1",
        host: `127.0.0.1:${up}`,
        cluster: "upstream",
        attempts: 1,
        route: "proxied",
        path: "/new/a?b",
        original: "/a?b",
        fromUpstream: "yes",
        bytes: "ä",
      },
      {
        ...common,
        code: 503,
        flags: "UF",
        received: 0,
        sent: 98,
        upstreamProtocol: null,
        host: `127.0.0.1:${dead}`,
        cluster: "dead",
        attempts: 1,
        route: "dead",
        path: "/dead",
        original: null,
        fromUpstream: null,
        bytes: null,
      },
      {
        ...common,
        code: 201,
        flags: "-",
        received: 0,
        sent: 0,
        upstreamProtocol: null,
        host: null,
        cluster: null,
        attempts: 0,
        route: "direct",
        path: "/direct",
        original: null,
        fromUpstream: null,
        bytes: null,
      },
    ],
  );
  assert.deepEqual(await linesOf(errors, 1), ['{"code":503}']);
});

test("HTTP access log gives times that fit each other", async (t) => {
  const folder = scratchFolder(t);
  const file = path.join(folder, "log");
  const [port, up] = [await freePort(), await upstream(t)];
  const format = {
    duration: "%DURATION%",
    request: "%REQUEST_DURATION%",
    requestTx: "%REQUEST_TX_DURATION%",
    response: "%RESPONSE_DURATION%",
    responseTx: "%RESPONSE_TX_DURATION%",
    upstream: "%COMMON_DURATION(US_TX_BEG:US_RX_END:us)%",
    downstream: "%COMMON_DURATION(DS_RX_BEG:DS_TX_END:us)%",
    start: "%START_TIME%",
  };
  const listener = httpListener({ port, hcm: { access_log: [json(file, format)] } });
  const clusters = [staticCluster("upstream", [up])];
  await startSluice(t, { config: bootstrap([listener], clusters), folder });
  await exchange(port, "GET / HTTP/1.1\r\nhost: h\r\n\r\n", /hello$/);
  const line = (await linesOf(file, 1))[0]!;
  const { start, ...durations } = JSON.parse(line) as { [name: string]: unknown };
  assert.match(String(start), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  for (const [name, value] of Object.entries(durations)) {
    assert.ok(Number.isInteger(value) && Number(value) >= 0, `${name}: ${JSON.stringify(value)}`);
  }
  const ms = (name: string): number => Number(durations[name]);
  assert.ok(ms("request") <= ms("response") && ms("response") <= ms("duration"), line);
  assert.ok(ms("upstream") <= ms("downstream"), line);
});

test("TCP and listener access logs tell of the connection", async (t) => {
  const folder = scratchFolder(t);
  const tcp = path.join(folder, "tcp");
  const connection = path.join(folder, "listener");
  const [port, up] = [await freePort(), await upstream(t)];
  const format = {
    type: "%ACCESS_LOG_TYPE%",
    code: "%RESPONSE_CODE%",
    received: "%BYTES_RECEIVED%",
    sent: "%BYTES_SENT%",
    protocol: "%PROTOCOL%",
    host: "%UPSTREAM_HOST%",
    cluster: "%UPSTREAM_CLUSTER%",
    flags: "%RESPONSE_FLAGS%",
    local: "%DOWNSTREAM_LOCAL_ADDRESS%",
    method: "%REQ(:METHOD)%",
  };
  const listener: JsonObject = {
    name: "tcp",
    address: { socket_address: { address: "127.0.0.1", port_value: port } },
    access_log: [json(connection, format)],
    filter_chains: [
      {
        filters: [
          {
            name: "envoy.filters.network.tcp_proxy",
            typed_config: {
              "@type": typeUrl("envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"),
              stat_prefix: "tcp",
              cluster: "upstream",
              access_log: [json(tcp, format)],
            },
          },
        ],
      },
    ],
  };
  const clusters = [staticCluster("upstream", [up])];
  await startSluice(t, { config: bootstrap([listener], clusters), folder });
  const answer = await exchange(port, "0123456789", /hello$/);
  const common = {
    code: 0,
    received: 10,
    sent: answer.length,
    protocol: null,
    host: `127.0.0.1:${up}`,
    cluster: "upstream",
    flags: "-",
    local: `127.0.0.1:${port}`,
    method: null,
  };
  assert.deepEqual(JSON.parse((await linesOf(tcp, 1))[0]!), {
    ...common,
    type: "TcpConnectionEnd",
  });
  assert.deepEqual(JSON.parse((await linesOf(connection, 1))[0]!), { ...common, type: "NotSet" });
});

test("access log lines are all written when the server is stopped", async (t) => {
  const folder = scratchFolder(t);
  const file = path.join(folder, "log");
  const port = await freePort();
  const routes = [{ match: { prefix: "/" }, direct_response: { status: 200 } }];
  const listener = httpListener({ port, routes, accessLog: file, logFormat: "%REQ(:PATH)%" });
  const sluice = await startSluice(t, { config: bootstrap([listener]), folder });
  const requests = Array.from({ length: 50 }, (_, i) => `GET /${i} HTTP/1.1\r\nhost: h\r\n\r\n`);
  await exchange(port, requests.join(""), /200 OK/, 50);
  await sluice.stop();
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  assert.deepEqual(
    lines,
    requests.map((_, i) => `/${i}`),
  );
});

test("access loggers stdout and stderr write to the process's own streams", async (t) => {
  const port = await freePort();
  const stream = (name: "Stdout" | "Stderr"): JsonObject => ({
    name: `envoy.access_loggers.${name.toLowerCase()}`,
    typed_config: {
      "@type": typeUrl(`envoy.extensions.access_loggers.stream.v3.${name}AccessLog`),
      log_format: { text_format_source: { inline_string: `to ${name} %REQ(:PATH)%\n` } },
    },
  });
  const routes = [{ match: { prefix: "/" }, direct_response: { status: 200 } }];
  const logs = [stream("Stdout"), stream("Stderr")];
  const listener = httpListener({ port, routes, hcm: { access_log: logs } });
  const sluice = await startSluice(t, { config: bootstrap([listener]) });
  await exchange(port, "GET /x HTTP/1.1\r\nhost: h\r\n\r\n", /200 OK/);
  await sluice.until(() => sluice.stdout.includes("to Stdout /x\n"), "the line on stdout");
  await sluice.untilLogged("to Stderr /x\n");
});
