import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { registry } from "../../../../host/src/extensions/all.ts";
import { loadBootstrap } from "../../../../host/src/server/bootstrap.ts";
import {
  bootstrap,
  httpFilter,
  httpListener,
  luaConfig,
  staticCluster,
  typeUrl,
} from "../../../support/proxy-config.ts";

// What may stand in chains of upstream requests; the texts are those of Envoy 1.40.

const codec = httpFilter("codec", {
  "@type": typeUrl("envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec"),
});
const lua = httpFilter("lua", luaConfig(""));
const router = httpFilter("router", { "@type": typeUrl("router") });

function problemsOf(config: JsonObject): string[] {
  const configYaml = JSON.stringify(config);
  const loaded = loadBootstrap({ configYaml, registry, version: "" });
  return loaded.ok ? [] : loaded.error.map(({ text }) => text);
}

function ofCluster(...filters: JsonObject[]): string[] {
  const options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
  const typed = {
    "@type": typeUrl(options),
    explicit_http_config: { http_protocol_options: {} },
    http_filters: filters,
  };
  const more = { typed_extension_protocol_options: { [options]: typed } };
  return problemsOf(bootstrap([], [staticCluster("c", [80], more)]));
}

function ofRouter(...filters: JsonObject[]): string[] {
  const typed = { "@type": typeUrl("router"), upstream_http_filters: filters };
  const hcm = { http_filters: [httpFilter("router", typed)], route_config: {} };
  return problemsOf(bootstrap([httpListener({ port: 80, hcm })]));
}

test("parseUpstreamHttpFilters() takes chains that the codec filter ends", () => {
  assert.deepEqual(ofCluster(), []);
  assert.deepEqual(ofCluster(codec), []);
  assert.deepEqual(ofCluster(lua, codec), []);
  assert.deepEqual(ofRouter(lua, codec), []);
});

test("parseUpstreamHttpFilters() refuses chains that end otherwise", () => {
  const onlyCodec =
    "The codec filter is the only valid terminal upstream HTTP filter, use 'envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec'";
  assert.deepEqual(ofCluster(lua), [onlyCodec]);
  assert.deepEqual(ofCluster(lua, router), [onlyCodec]);
  assert.deepEqual(ofRouter(lua), [
    "Error: non-terminal filter named lua of type envoy.filters.http.lua is the last filter in a router upstream http filter chain. When upstream_http_filters are specified, they must explicitly end with an UpstreamCodec filter.",
  ]);
  assert.deepEqual(ofRouter(router), [
    "Error: terminal filter named router of type envoy.filters.http.router must be the last filter in a router upstream http filter chain.",
  ]);
});

test("parseUpstreamHttpFilters() refuses what cannot stand inside", () => {
  const inside = "must be the last filter in a upstream http filter chain.";
  assert.deepEqual(ofCluster(codec, codec), [
    `Error: terminal filter named codec of type envoy.filters.http.upstream_codec ${inside}`,
  ]);
  assert.deepEqual(ofCluster({ ...codec, disabled: true }), [
    "Error: the last (terminal) filter (codec) in the chain cannot be disabled by default.",
  ]);
  const source = { path_config_source: { path: "/dev/null" } };
  const discovered = { name: "d", config_discovery: { config_source: source, type_urls: ["x"] } };
  assert.ok(
    ofCluster(lua, discovered).includes(
      "must not be what ends a chain of upstream requests; end it with envoy.filters.http.upstream_codec",
    ),
  );
});

test("parseHttpFilters() refuses the codec filter in a connection manager", () => {
  const hcm = { http_filters: [codec], route_config: {} };
  assert.deepEqual(problemsOf(bootstrap([httpListener({ port: 80, hcm })])), [
    "envoy.filters.http.upstream_codec ends chains of upstream requests; end this one with envoy.filters.http.router",
  ]);
});
