import assert from "node:assert/strict";
import path from "node:path";
import { after, test } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { TestClient } from "../support/hcm-server.ts";
import { eventually } from "../support/eventually.ts";
import { ask, askOnce } from "../support/http-exchange.ts";
import { freePort } from "../support/ports.ts";
import {
  bootstrap,
  httpFilter,
  httpListener,
  luaConfig,
  moveInto,
  staticCluster,
} from "../support/proxy-config.ts";
import { answering, ok, TestUpstream } from "../support/router-server.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";

// Which script runs where, and what scripts learn of the route and the stream, in the command itself.

const says = (who: string): string => `
  count = 0
  function envoy_on_request(h)
    count = count + 1
    h:headers():add("x-who", "${who}" .. count)
  end
  function envoy_on_response(h)
    h:headers():add("x-answered", "${who}")
    local context = h:filterContext():get("k")
    if context then h:headers():add("x-context", context) end
  end`;

const inspector = `
  function envoy_on_request(h)
    local info = h:streamInfo()
    local d = info:dynamicMetadata()
    d:set("mine", "n", 7)
    local address = info:downstreamDirectRemoteAddress():gsub(":%d+$", "")
    h:headers():add("x-who", table.concat({ info:protocol(), info:routeName(), address,
      h:metadata():get("m"), h:route():metadata():get("m"), h:virtualHost():metadata():get("v"),
      d:get("mine").n, tostring(h:connection():ssl()), select("#", h:connectionStreamInfo():dynamicMetadata():get("x")) }, " "))
  end`;

const perRoute = (settings: object): object => ({
  script: {
    "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.LuaPerRoute",
    ...settings,
  },
});

const route = (prefix: string, settings?: object, more: object = {}): object => ({
  match: { prefix },
  route: { cluster: "upstream" },
  ...(settings && { typed_per_filter_config: perRoute(settings) }),
  ...more,
});

const upstream = await TestUpstream.start(
  answering((head) => ok(/\r\nx-who: ([^\r]*)/.exec(head)?.[1] ?? "nobody")),
);
after(() => upstream[Symbol.asyncDispose]());

const [port, offPort, slowPort] = [await freePort(), await freePort(), await freePort()];

const folder = scratchFolder({ after });
const updatedPort = await freePort();
const routesFile = path.join(folder, "routes.json");
const routesWith = (script: string, version: string): JsonObject => ({
  version_info: version,
  resources: [
    {
      "@type": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
      name: "updated",
      virtual_hosts: [
        {
          name: "all",
          domains: ["*"],
          routes: [route("/", { source_code: { inline_string: script } })] as never,
        },
      ],
    },
  ],
});
const writeRoutes = (who: string): void => moveInto(routesFile, routesWith(says(who), who));
writeRoutes("old");
const virtualHosts = [
  {
    name: "all",
    domains: ["*"],
    metadata: { filter_metadata: { script: { v: "host" } } },
    routes: [
      route("/disabled", { disabled: true }),
      route("/named", { name: "other" }),
      route("/unknown", { name: "nobody" }),
      route("/own-a", { source_code: { inline_string: says("own") } }),
      route("/own-b", { source_code: { inline_string: says("own") } }),
      route("/context", { filter_context: { k: "value" } }),
      route(
        "/inspect",
        { source_code: { inline_string: inspector } },
        {
          name: "inspected",
          metadata: { filter_metadata: { script: { m: "meta" } } },
        },
      ),
      route("/"),
    ],
  },
];
/** Of a filter that is off unless a route wants it, which says so by a wrapper around its configuration. */
const wrapped = (settings: object): object => ({
  match: { prefix: "/on" },
  route: { cluster: "upstream" },
  typed_per_filter_config: {
    script: {
      "@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig",
      config: Object.values(perRoute(settings))[0],
    },
  },
});
const filter = httpFilter(
  "script",
  luaConfig(says("default"), { source_codes: { other: { inline_string: says("other") } } }),
);
const sluice = await startSluice(
  { after },
  {
    folder,
    args: ["--concurrency", "1"],
    config: bootstrap(
      [
        httpListener({
          port,
          filters: [filter],
          virtualHosts: virtualHosts as never,
        }),
        httpListener({
          name: "off",
          port: offPort,
          filters: [{ ...filter, disabled: true }],
          routes: [wrapped({ name: "other" }), route("/")] as never,
        }),
        httpListener({
          name: "slow",
          port: slowPort,
          filters: [filter],
          hcm: { request_timeout: "0.2s" },
        }),
        httpListener({
          name: "updated",
          port: updatedPort,
          filters: [filter],
          hcm: {
            // The one of the support module is written out; this one takes its place.
            route_config: undefined as never,
            rds: {
              route_config_name: "updated",
              config_source: { path_config_source: { path: routesFile } },
            },
          },
        }),
      ],
      [staticCluster("upstream", [upstream.port])],
    ),
  },
);

async function who(path: string): Promise<string> {
  const answer = await askOnce(port, { path });
  return [answer.body, answer.headers.get("x-answered"), answer.headers.get("x-context")].join(" ");
}

test("the default script runs where no route says otherwise", async () => {
  assert.match(await who("/"), /^default\d+ default $/);
});

test("a route disables the filter, names a script, or names one that does not exist", async () => {
  assert.equal(await who("/disabled"), "nobody  ");
  assert.equal(await who("/named"), "other1 other ");
  assert.equal(await who("/unknown"), "nobody  ");
});

test("routes with the same script of their own have states of their own", async () => {
  assert.equal(await who("/own-a"), "own1 own ");
  assert.equal(await who("/own-a"), "own2 own ");
  assert.equal(await who("/own-b"), "own1 own ");
});

test("a route's filter context reaches the default script", async () => {
  assert.match(await who("/context"), /^default\d+ default value$/);
});

test("a script learns of the route, the virtual host and the stream", async () => {
  assert.equal(
    (await askOnce(port, { path: "/inspect" })).body,
    "HTTP/1.1 inspected 127.0.0.1 meta meta host 7 nil 0",
  );
});

test("a route switches a filter on that is off elsewhere", async () => {
  const ask = async (path: string): Promise<string> => {
    const answer = await askOnce(offPort, { path });
    return `${answer.body} ${answer.headers.get("x-answered")}`;
  };
  assert.equal(await ask("/on"), "other1 other");
  assert.equal(await ask("/"), "nobody undefined");
});

test("the response hook sees a reply to a request that takes too long", async () => {
  await using client = await TestClient.connect(slowPort);
  client.send("POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 5\r\n\r\nab");
  const answer = await client.response();
  assert.match(answer, /^HTTP\/1\.1 408 /);
  assert.match(answer, /\r\nx-answered: default\r\n/);
});

test("an update of the routes brings new scripts, whole, to the next request of a connection", async () => {
  await using client = await TestClient.connect(updatedPort);
  const said = async (): Promise<string> => {
    const answer = await ask(client);
    return `${answer.body} ${answer.headers.get("x-answered")}`;
  };
  assert.equal(await said(), "old1 old");
  assert.equal(await said(), "old2 old");
  writeRoutes("new");
  await eventually(
    async () => (await ask(client)).headers.get("x-answered") === "new",
    "the new script",
  );
  // A script that cannot be loaded refuses the routes as a whole.
  moveInto(routesFile, routesWith("function envoy_on_request(", "broken"));
  await sluice.untilLogged(/route configuration 'updated' rejected: .*script load error/);
  assert.match(await said(), /^new\d+ new$/);
});
