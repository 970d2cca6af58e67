import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import type { JsonObject } from "@bufbuild/protobuf";
import { registry } from "../../../host/src/extensions/all.ts";
import { loadBootstrap } from "../../../host/src/server/bootstrap.ts";
import { bootstrap, httpFilter, httpListener, staticCluster } from "../../support/proxy-config.ts";

const host = path.join(import.meta.dirname, "../../../host");

/** The YAML that a page shows, block by block. */
function blocks(page: string): string[] {
  const text = readFileSync(path.join(host, page), "utf8");
  return [...text.matchAll(/```yaml[^\n]*\n(.*?)```/gs)].map(([, yaml]) => yaml!);
}

function problemsOf(listener: JsonObject): unknown {
  const clusters = ["upstream", "auth", "limits"].map((name) => staticCluster(name, []));
  const configYaml = JSON.stringify(bootstrap([listener], clusters));
  const loaded = loadBootstrap({ configYaml, registry, version: "0" });
  return loaded.ok ? [] : loaded.error;
}

for (const name of ["ext_authz", "ratelimit"]) {
  test(`the configuration in the README of the HTTP filter ${name} loads`, () => {
    const [yaml] = blocks(`src/extensions/http-filters/${name}/README.md`);
    const { http_filters } = parse(yaml!) as { http_filters: JsonObject[] };
    assert.deepEqual(problemsOf(httpListener({ port: 1, filters: http_filters })), []);
  });

  test(`the configuration in the README of the network filter ${name} loads`, () => {
    const [yaml] = blocks(`src/extensions/network-filters/${name}/README.md`);
    const { filters } = parse(yaml!) as { filters: JsonObject[] };
    const listener = httpListener({ port: 1 });
    (listener["filter_chains"] as { filters: JsonObject[] }[])[0]!.filters.unshift(...filters);
    assert.deepEqual(problemsOf(listener), []);
  });
}

test("the HTTP service in the README of ext_authz loads", () => {
  const [, yaml] = blocks("src/extensions/http-filters/ext_authz/README.md");
  const type = "type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz";
  const typed = { "@type": type, ...(parse(yaml!) as JsonObject) };
  assert.deepEqual(problemsOf(httpListener({ port: 1, filters: [httpFilter("a", typed)] })), []);
});

test("the configuration beside a rate limit service loads", () => {
  const configYaml = blocks("docs/rate-limits.md")[1]!;
  const loaded = loadBootstrap({ configYaml, registry, version: "0" });
  assert.deepEqual(loaded.ok ? [] : loaded.error, []);
});
