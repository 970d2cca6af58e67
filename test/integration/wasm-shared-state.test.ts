import assert from "node:assert/strict";
import path from "node:path";
import { after, test } from "node:test";
import { askOnce } from "../support/http-exchange.ts";
import { freePort } from "../support/ports.ts";
import {
  bootstrap,
  httpFilter,
  httpListener,
  staticCluster,
  typeUrl,
  wasmConfig,
} from "../support/proxy-config.ts";
import { answering, ok, TestUpstream } from "../support/router-server.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";

// What guests share, between two workers of the command itself; and what routes make of a plugin there.

const folder = scratchFolder({ after });
const rustProbe = path.resolve(import.meta.dirname, "../fixtures/wasm/rust/probe.wasm");
const upstream = await TestUpstream.start(
  answering((head) => {
    const line = head.split("\r\n").find((each) => /^x-(count|added):/.test(each));
    return ok(line ?? "nothing");
  }),
);
after(() => upstream[Symbol.asyncDispose]());

const toUpstream = { cluster: "upstream" };
const perRoute = (
  more: { configuration: { "@type": string; value: string } } | { disabled: true },
) => ({
  typed_per_filter_config: {
    rust: { "@type": "type.googleapis.com/sluice.http.wasm.v1.WasmPerRoute", ...more },
  },
});
const routed = { "@type": typeUrl("text"), value: "routed" };
const port = await freePort();
const adminPort = await freePort();
const sluice = await startSluice(
  { after },
  {
    folder,
    args: ["--concurrency", "2", "-l", "info"],
    config: bootstrap(
      [
        httpListener({
          port,
          filters: [httpFilter("rust", wasmConfig(rustProbe, { configuration: "hello" }))],
          routes: [
            { match: { prefix: "/off" }, route: toUpstream, ...perRoute({ disabled: true }) },
            {
              match: { prefix: "/routed" },
              route: toUpstream,
              ...perRoute({ configuration: routed }),
            },
            { match: { prefix: "/" }, route: toUpstream },
          ],
        }),
      ],
      [staticCluster("upstream", [upstream.port])],
      {
        admin: { address: { socket_address: { address: "127.0.0.1", port_value: adminPort } } },
      },
    ),
  },
);

const told = (what: string, requestPath = "/"): Promise<string> =>
  askOnce(port, { path: requestPath, headers: { "x-do": what } }).then(({ body }) => body);

test("guests of two workers count together, once for each request", async () => {
  const requests = 40;
  // A value that does not exist cannot be compared with: two that make it at the same time do not see each other.
  assert.equal(await told("shared"), "x-count: 1");
  const asked = Array.from({ length: requests - 1 }, () => told("shared"));
  const counts = (await Promise.all(asked)).map((body) => Number(body.replace("x-count: ", "")));
  assert.deepEqual(
    counts.toSorted((a, b) => a - b),
    Array.from({ length: requests - 1 }, (_, i) => i + 2),
  );
  await sluice.untilLogged(`job ${requests}`);
  const stats = await fetch(`http://127.0.0.1:${adminPort}/stats?filter=wasmcustom`);
  assert.equal(await stats.text(), `wasmcustom.rust.requests: ${requests}\n`);
});

test("routes reconfigure a plugin, or do without it", async () => {
  assert.equal(await told("headers"), "x-added: hello");
  assert.equal(await told("headers", "/routed"), "x-added: routed");
  assert.equal(await told("headers", "/off"), "nothing");
});
