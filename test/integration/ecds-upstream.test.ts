import assert from "node:assert/strict";
import path from "node:path";
import { after, test } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { adminAt, statsBelow } from "../support/admin-stats.ts";
import { askOnce } from "../support/http-exchange.ts";
import { freePort } from "../support/ports.ts";
import {
  bootstrap,
  discoveredFilter,
  extensionResponse,
  httpFilter,
  httpListener,
  luaConfig,
  moveInto,
  staticCluster,
  typeUrl,
} from "../support/proxy-config.ts";
import { answering, ok, TestUpstream } from "../support/router-server.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";

// Filters of upstream requests that are discovered from a file. Envoy 1.40 passes the same test.

test("filters of upstream requests come by discovery", async (t) => {
  const folder = scratchFolder({ after });
  await using upstream = await TestUpstream.start(
    answering((head) => ok(/\r\nx-up: ([^\r]*)/.exec(head)?.[1] ?? "-")),
  );
  const port = await freePort();
  const adminPort = await freePort();
  const options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
  const codec = httpFilter("codec", {
    "@type": typeUrl("envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec"),
  });
  const file = (name: string): string => path.join(folder, `${name}.json`);
  const push = (name: string, version: string): void => {
    const script = `function envoy_on_request(h) h:headers():add("x-up", "${name} ${version}") end`;
    moveInto(file(name), extensionResponse(name, version, luaConfig(script)));
  };
  const nothing: JsonObject = { resources: [] };
  moveInto(file("of-cluster"), nothing);
  push("of-router", "1");
  const more: JsonObject = {
    typed_extension_protocol_options: {
      [options]: {
        "@type": typeUrl(options),
        explicit_http_config: { http_protocol_options: {} },
        http_filters: [discoveredFilter("of-cluster", file("of-cluster"), ["lua"]), codec],
      },
    },
  };
  const router = {
    "@type": typeUrl("router"),
    upstream_http_filters: [discoveredFilter("of-router", file("of-router"), ["lua"]), codec],
  };
  await startSluice(t, {
    folder,
    args: ["--concurrency", "1"],
    config: bootstrap(
      [
        httpListener({
          port,
          hcm: { http_filters: [httpFilter("envoy.filters.http.router", router)] },
          routes: [
            { match: { prefix: "/plain" }, route: { cluster: "plain" } },
            { match: { prefix: "/" }, route: { cluster: "filtered" } },
          ],
        }),
      ],
      [staticCluster("plain", [upstream.port]), staticCluster("filtered", [upstream.port], more)],
      adminAt(adminPort),
    ),
  });
  const answer = async (what: string): Promise<string> => {
    const { status, body } = await askOnce(port, { path: what });
    return `${status} ${body}`;
  };
  const until = async (what: string, wanted: string): Promise<void> => {
    const deadline = performance.now() + 60_000;
    for (let got = ""; got !== wanted;) {
      assert.ok(performance.now() < deadline, `${got} instead of ${wanted}`);
      got = await answer(what);
    }
  };
  assert.equal(await answer("/"), "500 ", "no version has come");
  assert.equal(await answer("/plain"), "200 of-router 1");
  push("of-cluster", "1");
  await until("/", "200 of-cluster 1");
  push("of-cluster", "2");
  push("of-router", "2");
  await until("/", "200 of-cluster 2");
  await until("/plain", "200 of-router 2");
  const scope = "extension_config_discovery.upstream_http_filter.of-cluster.";
  const stats = await statsBelow(adminPort, scope);
  assert.equal(stats.get("config_reload"), 2);
});
