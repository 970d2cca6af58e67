import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import type { JsonObject } from "@bufbuild/protobuf";
import { registry } from "../../../host/src/extensions/all.ts";
import { loadBootstrap } from "../../../host/src/server/bootstrap.ts";
import { bootstrap, httpListener, staticCluster } from "../../support/proxy-config.ts";

const filters = path.join(import.meta.dirname, "../../../host/src/extensions/http-filters");
const descriptors = path.join(import.meta.dirname, "../../golden/grpc/library.binpb");

for (const name of ["grpc_http1_bridge", "grpc_json_transcoder", "grpc_stats", "grpc_web"]) {
  test(`the configuration in the README of ${name} loads`, () => {
    const text = readFileSync(path.join(filters, name, "README.md"), "utf8");
    const yaml = /```yaml\n(.*?)```/s.exec(text)?.[1]?.replace("library.binpb", descriptors);
    assert.ok(yaml !== undefined);
    const { http_filters } = parse(yaml) as { http_filters: JsonObject[] };
    const config = bootstrap(
      [httpListener({ port: 1, filters: http_filters })],
      [staticCluster("upstream", [])],
    );
    const loaded = loadBootstrap({ configYaml: JSON.stringify(config), registry, version: "0" });
    assert.deepEqual(loaded.ok ? [] : loaded.error, []);
  });
}
