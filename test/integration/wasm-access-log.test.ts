import assert from "node:assert/strict";
import net from "node:net";
import { once } from "node:events";
import path from "node:path";
import { after, test } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { adminAt, statsBelow } from "../support/admin-stats.ts";
import { askOnce } from "../support/http-exchange.ts";
import { freePort } from "../support/ports.ts";
import { bootstrap, httpListener, staticCluster, typeUrl } from "../support/proxy-config.ts";
import { answering, ok, TestUpstream } from "../support/router-server.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";
import {
  compiledInto,
  guestLines,
  placesConfig,
  placesModule,
  placesPlugin,
  untilGuestSays,
} from "../support/wasm-places.ts";

// Wasm access loggers wherever access logs are, in the command itself. Envoy 1.40 passes the same tests.

const folder = scratchFolder({ after });
const module = await placesModule(folder);
const sdkModule = await compiledInto(folder, "access-log");
const rustModule = path.resolve(import.meta.dirname, "../fixtures/wasm/rust/root.wasm");
const upstream = await TestUpstream.start(answering(() => ok("body", "x-answer: yes\r\n")));
after(() => upstream[Symbol.asyncDispose]());
const port = await freePort();
const tcpPort = await freePort();
const adminPort = await freePort();

function logger(
  name: string,
  commands: readonly string[],
  plugin: JsonObject = {},
  more: JsonObject = {},
  file = module,
): JsonObject {
  const config = placesPlugin(file, name, commands, plugin);
  const typed = placesConfig("envoy.extensions.access_loggers.wasm.v3.WasmAccessLog", config);
  return { name: "envoy.access_loggers.wasm", typed_config: typed, ...more };
}

const onlyTeapots: JsonObject = {
  filter: {
    status_code_filter: {
      comparison: { op: "EQ", value: { default_value: 418, runtime_key: "unused" } },
    },
  },
};

const tcpListener: JsonObject = {
  name: "tcp",
  address: { socket_address: { address: "127.0.0.1", port_value: tcpPort } },
  filter_chains: [
    {
      filters: [
        {
          name: "tcp",
          typed_config: {
            "@type": typeUrl("envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"),
            stat_prefix: "tcp",
            cluster: "upstream",
            access_log: [
              logger("of-tcp", ["header x-a", "property upstream|port", "property response|size"]),
            ],
            access_log_options: { flush_access_log_on_connected: true },
          },
        },
      ],
    },
  ],
};

const proxy = await startSluice(
  { after },
  {
    folder,
    args: ["--concurrency", "1", "--component-log-level", "wasm:info"],
    config: bootstrap(
      [
        httpListener({
          port,
          listener: {
            access_log: [logger("of-listener", ["header x-a", "property destination|port"])],
          },
          hcm: {
            access_log: [
              logger("of-http", [
                "header x-a",
                "header x-answer",
                "property request|path",
                "property response|code",
                "property response|size",
                "property upstream|port",
                "property xds|cluster_name",
                "property plugin_name",
              ]),
              logger("filtered", [], {}, onlyTeapots),
              logger("of-sdk", [], {}, {}, sdkModule),
              logger("of-rust", [], {}, {}, rustModule),
            ],
          },
        }),
        tcpListener,
      ],
      [staticCluster("upstream", [upstream.port])],
      {
        admin: {
          ...(adminAt(adminPort)["admin"] as JsonObject),
          access_log: [logger("of-admin", ["property request|path"])],
        },
      },
    ),
  },
);

const integer = (value: number): string => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return [...bytes]
    .map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : `.${byte}`))
    .join("");
};

test("a stream is shown to the root context, with its headers and properties", async () => {
  await askOnce(port, { path: "/path", headers: { "x-a": "1" } });
  await untilGuestSays(proxy, "of-http", "property log plugin_name");
  assert.deepEqual(guestLines(proxy, "of-http").slice(-7), [
    "log root request=1 request-trailers=(1) response=(1) response-trailers=(1)" +
      " request=(1) request-trailers=(1) response=yes response-trailers=(1)",
    "property log request|path /path",
    `property log response|code ${integer(200)}`,
    `property log response|size ${integer(4)}`,
    `property log upstream|port ${integer(upstream.port)}`,
    "property log xds|cluster_name upstream",
    "property log plugin_name of-http",
  ]);
});

test("loggers written with the SDKs of AssemblyScript and Rust read the headers of both directions", async () => {
  await askOnce(port, { path: "/sdk", method: "POST", body: "x" });
  await untilGuestSays(proxy, "of-sdk", "POST /sdk 200");
  await untilGuestSays(proxy, "of-rust", "log /sdk 200 4 true");
});

test("a connection is shown to the logger of its listener", async () => {
  await askOnce(port);
  const [line] = await untilGuestSays(proxy, "of-listener", "property log");
  assert.equal(line, `property log destination|port ${integer(port)}`);
  assert.ok(
    guestLines(proxy, "of-listener").includes(
      "log root request=(1) request-trailers=(1) response=(1) response-trailers=(1)",
    ),
  );
});

test("a connection of tcp_proxy is shown once, when it has ended", async () => {
  const client = net.connect(tcpPort, "127.0.0.1");
  client.write("GET / HTTP/1.1\r\nhost: h\r\n\r\n");
  await once(client, "data");
  client.destroy();
  await untilGuestSays(proxy, "of-tcp", "property log response|size");
  assert.deepEqual(
    guestLines(proxy, "of-tcp").filter((line) => line.includes("log")),
    [
      "log root request=(1) request-trailers=(1) response=(1) response-trailers=(1)",
      `property log upstream|port ${integer(upstream.port)}`,
      `property log response|size ${integer(ok("body", "x-answer: yes\r\n").length)}`,
    ],
  );
});

test("the filter of an access log keeps streams from the guest", async () => {
  await askOnce(port);
  assert.ok(!guestLines(proxy, "filtered").some((line) => line.startsWith("log")));
});

// Envoy 1.40 ends with a segmentation fault at the second request.
const inEnvoy = process.env["SLUICE_UNDER_TEST"] !== undefined;
const trapTest = "a logger that traps logs no more, or is loaded anew; streams never notice";

test(trapTest, { skip: inEnvoy }, async (t) => {
  const ownPort = await freePort();
  const ownAdmin = await freePort();
  const own = await startSluice(t, {
    args: ["--concurrency", "1", "--component-log-level", "wasm:info"],
    config: bootstrap(
      [
        httpListener({
          port: ownPort,
          hcm: {
            access_log: [
              logger("closed", ["trap log"]),
              logger("reloaded", ["trap log"], {
                failure_policy: "FAIL_RELOAD",
                reload_config: { backoff: { base_interval: "0.001s" } },
              }),
            ],
          },
        }),
      ],
      [staticCluster("upstream", [upstream.port])],
      adminAt(ownAdmin),
    ),
  });
  const logs = (name: string): number =>
    guestLines(own, name).filter((line) => line === "log root").length;
  const deadline = performance.now() + 60_000;
  while (logs("reloaded") < 3) {
    assert.ok(performance.now() < deadline, "it is loaded anew");
    assert.equal((await askOnce(ownPort)).status, 200);
  }
  assert.equal(logs("closed"), 1);
  const stats = await statsBelow(ownAdmin, "wasm.reloaded.");
  assert.ok(stats.get("vm_reload_success")! >= 2);
});

test("requests to the admin interface are shown to its logger", async () => {
  const response = await fetch(`http://127.0.0.1:${adminPort}/ready?x`, {
    headers: { "x-a": "2" },
  });
  assert.equal(response.status, 200);
  await untilGuestSays(proxy, "of-admin", "property log request|path /ready?x");
});
