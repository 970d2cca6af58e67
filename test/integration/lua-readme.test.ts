import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { TestClient } from "../support/hcm-server.ts";
import { ask, askOnce } from "../support/http-exchange.ts";
import { freePort } from "../support/ports.ts";
import { answering, ok, TestUpstream } from "../support/router-server.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";

// What the filter's README and host/docs/lua.md show works as they say.

const root = path.resolve(import.meta.dirname, "../..");

/** The blocks of a language in a page, each line behind so many blanks. */
function blocks(page: string, language: string, indent: number): string[] {
  const text = readFileSync(path.join(root, page), "utf8");
  const found = text.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, "g"));
  return [...found].map((match) => match[1]!.replaceAll(/^(?=.)/gm, " ".repeat(indent)));
}

const upstream = await TestUpstream.start(answering(() => ok("upstream")));
after(() => upstream[Symbol.asyncDispose]());
const [readmePort, ratePort] = [await freePort(), await freePort()];
const [filters, perRoute] = blocks("host/src/extensions/http-filters/lua/README.md", "yaml", 16);
const [rateLimit] = blocks("host/docs/lua.md", "lua", 24);

const listener = (port: number, route: string, httpFilters: string): string => `
    - address: { socket_address: { address: 127.0.0.1, port_value: ${port} } }
      filter_chains:
        - filters:
            - name: hcm
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: main
                route_config:
                  virtual_hosts:
                    - name: all
                      domains: ["*"]
                      routes:
${route}
                        - match: { prefix: / }
                          route: { cluster: upstream }
${httpFilters}
                  - name: router
                    typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }`;

const closed = `
                        - match: { prefix: /closed }
                          route: { cluster: upstream }
${perRoute!.replaceAll(/^/gm, " ".repeat(10))}`;
const limited = `
                http_filters:
                  - name: limit
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua
                      default_source_code:
                        inline_string: |
${rateLimit!.replaceAll(/^(?=.)/gm, "  ")}`;
const config = `static_resources:
  listeners:${listener(readmePort, closed, filters!)}${listener(ratePort, "", limited).replace("- address", "- name: limited\n      address")}
  clusters:
    - name: upstream
      type: STATIC
      load_assignment: { cluster_name: upstream, endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: ${upstream.port} } } } }] }] }
`;
await startSluice(
  { after },
  { folder: scratchFolder({ after }), args: ["--concurrency", "1"], config },
);

test("the README's filter runs, and its route chooses another script", async () => {
  const answer = await askOnce(readmePort, { path: "/x" });
  assert.deepEqual([answer.headers.get("x-path"), answer.headers.get("x-who")], ["/x", "filter"]);
  const maintenance = await askOnce(readmePort, { path: "/closed" });
  assert.deepEqual([maintenance.status, maintenance.body], [503, "back soon"]);
});

test("the rate limit of host/docs/lua.md answers 429 to a client that asks too often", async () => {
  const clients = await Promise.all(Array.from({ length: 30 }, () => TestClient.connect(ratePort)));
  const deadline = performance.now() + 60_000;
  const seen = new Set<number>();
  // On a machine that is slow enough, ten take more than a second.
  while (!seen.has(429) && performance.now() < deadline) {
    const answers = await Promise.all(clients.map((client) => ask(client)));
    for (const { status } of answers) seen.add(status);
  }
  for (const client of clients) await client[Symbol.asyncDispose]();
  assert.deepEqual(seen, new Set([200, 429]));
});
