import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import path from "node:path";
import { after, test } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { freePort } from "../support/ports.ts";
import {
  bootstrap,
  httpListener,
  logLines,
  staticCluster,
  typeUrl,
} from "../support/proxy-config.ts";
import { TestUpstream } from "../support/router-server.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";

// Listeners and network filters through the command itself; true of Envoy as well (SLUICE_UNDER_TEST=envoy).

const folder = scratchFolder({ after });
const upstream = await TestUpstream.start((socket) => {
  socket.once("data", (data: Buffer) => socket.end(`heard ${data.toString("latin1")}`));
});
after(() => upstream[Symbol.asyncDispose]());

const network = "envoy.extensions.filters.network";
const filters = {
  echo: filter("echo", { "@type": typeUrl(`${network}.echo.v3.Echo`) }),
  hello: direct("hello"),
  proxy: filter("tcp_proxy", {
    "@type": typeUrl(`${network}.tcp_proxy.v3.TcpProxy`),
    stat_prefix: "tcp",
    cluster: "upstream",
    access_log: [
      {
        name: "file",
        typed_config: { "@type": typeUrl("fileLog"), path: path.join(folder, "tcp.log") },
      },
    ],
  }),
};

function filter(name: string, typedConfig: JsonObject): JsonObject {
  return { name: `envoy.filters.network.${name}`, typed_config: typedConfig };
}

function direct(text: string): JsonObject {
  return filter("direct_response", {
    "@type": typeUrl(`${network}.direct_response.v3.Config`),
    response: { inline_string: text },
  });
}

const at = (port: number): JsonObject => ({
  socket_address: { address: "127.0.0.1", port_value: port },
});

const ports = {
  echo: await freePort(),
  more: await freePort(),
  hello: await freePort(),
  proxy: await freePort(),
  chosen: await freePort(),
  closed: await freePort(),
  inspected: await freePort(),
};
const socketPath = path.join(folder, "listener.sock");

await startSluice(
  { after },
  {
    folder,
    args: ["--concurrency", "2"],
    config: bootstrap(
      [
        {
          name: "echo",
          address: at(ports.echo),
          additional_addresses: [{ address: at(ports.more) }],
          filter_chains: [{ filters: [filters.echo] }],
        },
        {
          name: "hello",
          address: { pipe: { path: socketPath } },
          filter_chains: [{ filters: [filters.hello] }],
        },
        { name: "proxy", address: at(ports.proxy), filter_chains: [{ filters: [filters.proxy] }] },
        {
          name: "chosen",
          address: at(ports.chosen),
          filter_chains: [
            {
              name: "other",
              filter_chain_match: {
                source_prefix_ranges: [{ address_prefix: "192.0.2.0", prefix_len: 24 }],
              },
              filters: [direct("documentation")],
            },
            {
              name: "loopback",
              filter_chain_match: {
                source_prefix_ranges: [{ address_prefix: "127.0.0.0", prefix_len: 8 }],
              },
              filters: [direct("loopback")],
            },
          ],
          default_filter_chain: { filters: [direct("default")] },
        },
        {
          name: "closed",
          address: at(ports.closed),
          filter_chains: [
            {
              filter_chain_match: {
                source_prefix_ranges: [{ address_prefix: "192.0.2.0", prefix_len: 24 }],
              },
              filters: [filters.hello],
            },
          ],
        },
        httpListener({
          name: "inspected",
          port: ports.inspected,
          routes: [
            {
              match: { prefix: "/" },
              direct_response: { status: 200, body: { inline_string: "http" } },
            },
          ],
          listener: {
            listener_filters: [
              {
                name: "envoy.filters.listener.http_inspector",
                typed_config: {
                  "@type": typeUrl(
                    "envoy.extensions.filters.listener.http_inspector.v3.HttpInspector",
                  ),
                },
              },
            ],
            default_filter_chain: { filters: [direct("no http")] },
          },
        }),
      ].map((each) => (each["name"] === "inspected" ? matchingHttp(each) : each)),
      [staticCluster("upstream", [upstream.port])],
    ),
  },
);

/** The listener's chain for HTTP/1.1 only. */
function matchingHttp(listener: JsonObject): JsonObject {
  const [chain] = listener["filter_chains"] as JsonObject[];
  const match = { application_protocols: ["http/1.0", "http/1.1"] };
  return { ...listener, filter_chains: [{ ...chain!, filter_chain_match: match }] };
}

/** Sends a text, and gives what comes: `length` characters, or all until the end. */
async function exchange(target: net.NetConnectOpts, text = "", length = Infinity): Promise<string> {
  const socket = net.connect(target);
  await once(socket, "connect");
  if (text !== "") socket.write(text, "latin1");
  let answer = "";
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    answer += chunk.toString("latin1");
    if (answer.length >= length) break;
  }
  return answer;
}

const to = (port: number): net.NetConnectOpts => ({ port, host: "127.0.0.1" });

test("echo returns what it gets, on all addresses of its listener", async () => {
  const text = "some text ".repeat(100_000);
  assert.equal(await exchange(to(ports.echo), text, text.length), text);
  assert.equal(await exchange(to(ports.more), "more", 4), "more");
});

test("direct_response answers, also on a Unix socket", async () => {
  assert.equal(await exchange({ path: socketPath }), "hello");
});

test("tcp_proxy passes bytes and the end of both directions", async () => {
  assert.equal(await exchange(to(ports.proxy), "everything"), "heard everything");
  const [line] = await logLines(path.join(folder, "tcp.log"), 1);
  assert.match(line!, /^\[[^\]]+\] "- - -" 0 - 10 16 \d+ - "-" "-" "-" "-" "127\.0\.0\.1:\d+"$/);
});

test("the filter chain is chosen by the source address", async () => {
  assert.equal(await exchange(to(ports.chosen)), "loopback");
});

test("a connection that no chain takes is closed", async () => {
  assert.equal(await exchange(to(ports.closed)), "");
});

test("http_inspector lets HTTP and others go to different chains", async () => {
  const head = "GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n";
  assert.match(await exchange(to(ports.inspected), head), /^HTTP\/1\.1 200 OK\r\n.*http$/s);
  assert.equal(await exchange(to(ports.inspected), "SSH-2.0-test\r\n"), "no http");
});
