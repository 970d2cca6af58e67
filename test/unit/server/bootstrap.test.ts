import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { toBinary } from "@bufbuild/protobuf";
import { formatProblem, formatProblems } from "../../../host/src/config/problem.ts";
import type { ExtensionConfig } from "../../../host/src/contracts/config/snapshot.ts";
import { schema } from "../../../host/src/config/schema.ts";
import { registry } from "../../../host/src/extensions/all.ts";
import {
  loadBootstrap,
  type LoadedBootstrap,
  type LoadOptions,
} from "../../../host/src/server/bootstrap.ts";
import { temporaryFolder } from "../../support/config-load.ts";

const everyday = fileURLToPath(new URL("../../config/good/everyday.yaml", import.meta.url));

function load(options: Partial<LoadOptions>): LoadedBootstrap {
  const loaded = loadBootstrap({ registry, version: "1.2.3", ...options });
  if (!loaded.ok) assert.fail(formatProblems(loaded.error));
  return loaded.value;
}

function refusal(options: Partial<LoadOptions>): string {
  const loaded = loadBootstrap({ registry, version: "1.2.3", ...options });
  assert.ok(!loaded.ok);
  return formatProblems(loaded.error);
}

test("loadBootstrap() gives plain data of all parts", () => {
  const loaded = load({ configPath: everyday });
  const { localInfo, admin, listeners, clusters } = loaded;
  assert.equal(localInfo.nodeId, "node-1");
  assert.equal(localInfo.clusterName, "edge");
  assert.equal(localInfo.zone, "eu-1");
  assert.equal(localInfo.version, "1.2.3");
  assert.deepEqual(localInfo.nodeMetadata, { team: "a", ratio: "0.5", list: [1, "two", null] });
  assert.deepEqual(admin?.address, { kind: "ip", ip: "127.0.0.1", port: 9901, family: 4 });
  assert.deepEqual(
    listeners.map((listener) => listener.name),
    ["main", "tcp"],
  );
  assert.deepEqual(
    clusters.map((cluster) => cluster.name),
    ["backend", "canary"],
  );
  assert.equal(loaded.statsFlushIntervalMs, 1500);
  assert.deepEqual(loaded.warnings, []);
  // Plain data: it must get to the workers.
  structuredClone({ listeners, clusters, localInfo, guestLimits: loaded.guestLimits });
});

test("loadBootstrap() lays the limits of single guests over the default", () => {
  const { guestLimits } = load({ configPath: everyday });
  assert.equal(guestLimits.defaultLimits.cpuTimePerCallbackMs, 20);
  assert.equal(guestLimits.defaultLimits.maxMemoryBytes, undefined);
  assert.equal(guestLimits.byName.get("script")?.cpuTimePerCallbackMs, 20);
  assert.equal(guestLimits.byName.get("script")?.maxMemoryBytes, 16_777_216);
});

test("loadBootstrap() lets the command line stand in for the node", () => {
  const options = { configPath: everyday, serviceNode: "n2", serviceCluster: "c2" };
  const { localInfo } = load(options);
  assert.deepEqual([localInfo.nodeId, localInfo.clusterName], ["n2", "c2"]);
  assert.equal(load({ ...options, serviceNode: "" }).localInfo.nodeId, "node-1");
});

test("loadBootstrap() merges --config-yaml over the file", () => {
  const configYaml = `
node: {id: merged, metadata: {team: b, more: true}}
admin: {address: {socket_address: {port_value: 1}}}
stats_flush_interval: 2s
static_resources: {clusters: [{name: added, connect_timeout: 3s}]}
`;
  const loaded = load({ configPath: everyday, configYaml });
  assert.equal(loaded.localInfo.nodeId, "merged");
  assert.equal(loaded.localInfo.clusterName, "edge");
  assert.deepEqual(loaded.localInfo.nodeMetadata["more"], true);
  assert.deepEqual(loaded.localInfo.nodeMetadata["list"], [1, "two", null]);
  assert.deepEqual(loaded.admin?.address, {
    kind: "ip",
    ip: "127.0.0.1",
    port: 1,
    family: 4,
  });
  assert.equal(loaded.statsFlushIntervalMs, 2000);
  assert.deepEqual(
    loaded.clusters.map((cluster) => cluster.name),
    ["backend", "canary", "added"],
  );
});

test("loadBootstrap() says of which text a merged field is", () => {
  const configYaml = "static_resources:\n  clusters: [{name: backend}]\nstats_flush_interval: 0s\n";
  assert.equal(
    refusal({ configPath: everyday, configYaml }),
    [
      '--config-yaml:2:15: static_resources.clusters[0].name: there is a cluster "backend" already',
      '--config-yaml:3:1: stats_flush_interval: "stats_flush_interval" must be at least 0.001s and less than 300s',
    ].join("\n"),
  );
});

test("loadBootstrap() reads serialised messages as it reads YAML", (t) => {
  const folder = temporaryFolder(t);
  const { message, clusters } = load({ configPath: everyday });
  const binary = path.join(folder, "everyday.pb");
  fs.writeFileSync(binary, toBinary(schema().message(message.$typeName), message));
  assert.deepEqual(load({ configPath: binary }).clusters, clusters);
  assert.deepEqual(
    load({ configPath: binary }).listeners,
    load({ configPath: everyday }).listeners,
  );
});

test("loadBootstrap() places problems of serialised messages by path", (t) => {
  const { message } = load({ configPath: everyday });
  const cluster = message.staticResources!.clusters[0]!;
  cluster.name = "";
  const binary = path.join(temporaryFolder(t), "bad.pb");
  fs.writeFileSync(binary, toBinary(schema().message(message.$typeName), message));
  assert.equal(
    refusal({ configPath: binary }).replaceAll(`${binary}: `, ""),
    [
      'static_resources.clusters[0].name: "name" must not be empty',
      "static_resources.listeners[0].filter_chains[0].filters[0].typed_config.route_config.virtual_hosts[0]" +
        ".routes[2].route.weighted_clusters.clusters[0].name: route: unknown cluster 'backend'",
      "static_resources.listeners[0].filter_chains[0].filters[0].typed_config.route_config.virtual_hosts[0]" +
        ".routes[3].route.cluster: route: unknown cluster 'backend'",
    ].join("\n"),
  );
});

test("loadBootstrap() takes a bare Struct for the extension of that name", () => {
  const chain = (text: string): string => `
static_resources:
  listeners:
  - name: a
    address: {pipe: {path: "@a"}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.echo
        typed_config: {"@type": type.googleapis.com/google.protobuf.Struct, value: ${text}}
`;
  const { listeners } = load({ configYaml: chain("{}") });
  const [filter] = listeners[0]!.filterChains[0]!.filters;
  assert.equal(
    (filter as ExtensionConfig).typeUrl,
    "type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo",
  );
  assert.match(refusal({ configYaml: chain("{a: 1}") }), /unknown field "a" of .*\.Echo/);
});

test("loadBootstrap() warns of what is deprecated or has no effect, once", () => {
  const configYaml = `
node: {id: a, user_agent_name: b}
admin:
  access_log_path: /dev/null
  profile_path: /tmp/x
  address: {socket_address: {address: 127.0.0.1, port_value: 0}}
`;
  const { warnings, admin } = load({ configYaml });
  assert.deepEqual(warnings.map(formatProblem), [
    '--config-yaml:2:15: node.user_agent_name: "user_agent_name" has no effect here: it is only sent to control planes, and there is none',
    '--config-yaml:4:3: admin.access_log_path: "access_log_path" of envoy.config.bootstrap.v3.Admin is deprecated',
    '--config-yaml:5:3: admin.profile_path: "profile_path" has no effect here: there is no CPU profiler',
  ]);
  assert.equal(admin?.accessLogs[0]?.name, "envoy.access_loggers.file");
  const warned = new Set<string>();
  load({ configYaml, warned });
  assert.deepEqual(load({ configYaml, warned }).warnings, []);
});

test("loadBootstrap() finds what is to be prepared, discovered and checked", (t) => {
  const file = path.join(temporaryFolder(t), "script.yaml");
  fs.writeFileSync(file, "");
  const text = fs.readFileSync(everyday, "utf8");
  const discovered = text.replace(
    /- name: script\n\s+typed_config:\n\s+"@type": .*TypedStruct[^]*?(\s+)- name: envoy.filters.http.router/,
    `- name: script$1  config_discovery:$1    config_source: { path_config_source: { path: ${file} }, initial_fetch_timeout: 1s }$1    type_urls: [type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua]$1- name: envoy.filters.http.router`,
  );
  assert.notEqual(discovered, text);
  const { found } = load({ configYaml: discovered });
  const [discovery] = found.discoveries;
  assert.equal(discovery?.name, "script");
  assert.equal(discovery?.last, false);
  assert.match(discovery?.discovery.key ?? "", /^http_filter script@[0-9a-f]{16}$/);
  assert.deepEqual(discovery?.source.specifier, {
    kind: "file",
    path: file,
    watchedDirectory: undefined,
  });
  assert.equal(discovery?.source.initialFetchTimeoutMs, 1000);
  const names = load({ configPath: everyday }).found.extensions.map(
    ({ extension }) => extension.name,
  );
  // Inner ones come first.
  assert.ok(
    names.indexOf("script") < names.indexOf("envoy.filters.network.http_connection_manager"),
  );
});

test("loadBootstrap() wants some configuration", () => {
  assert.equal(refusal({}), "there is no configuration; use --config-path or --config-yaml");
  assert.equal(
    refusal({ configPath: "/nowhere/envoy.yaml" }),
    "/nowhere/envoy.yaml: cannot read the file: it does not exist",
  );
});
