import assert from "node:assert/strict";
import type net from "node:net";
import path from "node:path";
import { after, test } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { adminAt, statsBelow } from "../support/admin-stats.ts";
import { DiscoveryServer, routesApi } from "../support/discovery-server.ts";
import { eventually } from "../support/eventually.ts";
import { TestClient } from "../support/hcm-server.ts";
import { ask, askOnce, requestText } from "../support/http-exchange.ts";
import { freePort } from "../support/ports.ts";
import { bootstrap, httpListener, moveInto, staticCluster } from "../support/proxy-config.ts";
import { answering, ok, TestUpstream } from "../support/router-server.ts";
import { grpcSource, sdsCluster } from "../support/secrets.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";

// Route tables that come by discovery, in the command itself with two workers.

const folder = scratchFolder({ after });

/** Answers at once; below /slow only when told. */
const held: net.Socket[] = [];
const upstream = await TestUpstream.start((socket) => {
  const at = answering((head) => {
    if (!head.startsWith("GET /slow ")) return ok("upstream");
    held.push(socket);
    return "";
  });
  at(socket);
});
after(() => upstream[Symbol.asyncDispose]());

/** Every answer says which version of the routes it went by. */
function routes(name: string, version: string, more: readonly JsonObject[] = []): JsonObject {
  const route = { match: { prefix: "/" }, route: { cluster: "upstream" } };
  return {
    name,
    virtual_hosts: [{ name: "all", domains: ["*"], routes: [...more, route] }],
    response_headers_to_add: [{ header: { key: "x-routes", value: version } }],
  };
}
const file = path.join(folder, "routes.json");
const type = { "@type": routesApi.typeUrl };
const writeRoutes = (version: string, message: JsonObject): void =>
  moveInto(file, { version_info: version, resources: [{ ...type, ...message }] });
writeRoutes("1", routes("main", "first"));

const controlPlane = await DiscoveryServer.start(routesApi);
after(() => controlPlane[Symbol.asyncDispose]());
controlPlane.set("remote", routes("remote", "remote first"));

const port = await freePort();
const twinPort = await freePort();
const lostPort = await freePort();
const remotePort = await freePort();
const adminPort = await freePort();
const rds = (name: string, source: JsonObject): JsonObject => ({
  rds: { route_config_name: name, config_source: source },
});
const fileSource = { path_config_source: { path: file } };
function listener(name: string, at: number, from: JsonObject): JsonObject {
  const config = httpListener({ name, port: at });
  const [chain] = config["filter_chains"] as { filters: { typed_config: JsonObject }[] }[];
  const manager = chain!.filters[0]!.typed_config;
  delete manager["route_config"];
  Object.assign(manager, from);
  return config;
}
const config = bootstrap(
  [
    listener("main", port, rds("main", fileSource)),
    listener("twin", twinPort, rds("main", fileSource)),
    listener("lost", lostPort, rds("lost", { ...fileSource, initial_fetch_timeout: "0.1s" })),
    listener("remote", remotePort, rds("remote", grpcSource())),
  ],
  [staticCluster("upstream", [upstream.port]), sdsCluster(controlPlane.port)],
  adminAt(adminPort),
);
await startSluice({ after }, { config, args: ["--concurrency", "2"] });

const version = async (at: number): Promise<string> => {
  const answer = await askOnce(at, { path: "/" });
  return `${answer.status} ${answer.headers.get("x-routes")}`;
};

/** All workers route by this version from now on. */
async function routesBy(at: number, wanted: string): Promise<void> {
  await eventually(async () => (await version(at)) === `200 ${wanted}`, `routes of ${wanted}`);
  for (let i = 0; i < 8; i += 1) assert.equal(await version(at), `200 ${wanted}`);
}

const stat = async (name: string): Promise<number> =>
  (await statsBelow(adminPort, "http.main.rds.main.")).get(name)!;

test("routes from a file are there before the port opens, for all who name them", async () => {
  assert.equal(await version(port), "200 first");
  assert.equal(await version(twinPort), "200 first");
  assert.equal(await stat("config_reload"), 1);
  assert.equal(await stat("update_success"), 1);
});

test("without routes every request is answered with 404", async () => {
  assert.equal((await askOnce(lostPort, { path: "/" })).status, 404);
  const lost = await statsBelow(adminPort, "http.lost.rds.lost.");
  assert.equal(lost.get("update_rejected"), 1);
});

test("new routes hold for the next request of a connection; streams in flight keep theirs", async () => {
  await using client = await TestClient.connect(port);
  assert.equal((await ask(client)).headers.get("x-routes"), "first");
  await using waiting = await TestClient.connect(port);
  waiting.send(requestText({ path: "/slow" }));
  await eventually(() => held.length === 1, "the slow request is upstream");
  writeRoutes("2", routes("main", "second"));
  await routesBy(port, "second");
  await routesBy(twinPort, "second");
  assert.equal((await ask(client)).headers.get("x-routes"), "second");
  held[0]!.write(ok("at last"));
  assert.match(await waiting.response(), /\r\nx-routes: first\r\n/);
});

test("routes that cannot be used leave the old ones", async () => {
  const rejected = await stat("update_rejected");
  const broken = [
    { ...routes("main", "bad"), virtual_hosts: [{ name: "none", domains: [] }] },
    routes("other", "bad"),
    {
      ...routes("main", "bad", [{ match: { prefix: "/x" }, route: { cluster: "nowhere" } }]),
      validate_clusters: true,
    },
  ];
  for (const [index, message] of broken.entries()) {
    writeRoutes("bad", message);
    await eventually(
      async () => (await stat("update_rejected")) === rejected + index + 1,
      `refusal ${index}`,
    );
  }
  assert.equal(await version(port), "200 second");
});

test("routes may lead to clusters that do not exist", async () => {
  const nowhere = { match: { prefix: "/nowhere" }, route: { cluster: "nowhere" } };
  writeRoutes("3", routes("main", "third", [nowhere]));
  await routesBy(port, "third");
  assert.equal((await askOnce(port, { path: "/nowhere" })).status, 503);
});

test("/config_dump shows the routes in force", async () => {
  const url = `http://127.0.0.1:${adminPort}/config_dump?resource=dynamic_route_configs`;
  const dump = JSON.parse(await (await fetch(url)).text());
  const shown = dump.configs.map((entry: JsonObject) => [
    (entry["route_config"] as JsonObject)["name"],
    entry["version_info"],
  ]);
  assert.deepEqual(shown, [
    ["main", "3"],
    ["remote", "1"],
  ]);
});

test("routes change 50 times under load without a failed request", async () => {
  let done = false;
  let requests = 0;
  const asking = async (): Promise<void> => {
    await using client = await TestClient.connect(port);
    while (!done) {
      assert.equal((await ask(client)).status, 200);
      requests += 1;
    }
  };
  const clients = Promise.all([asking(), asking(), asking()]);
  const changes = (async () => {
    for (let i = 0; i < 50; i += 1) {
      const reloads = await stat("config_reload");
      writeRoutes(`load ${i}`, routes("main", `load ${i}`));
      await eventually(async () => (await stat("config_reload")) > reloads, `change ${i}`);
    }
  })().finally(() => (done = true));
  await Promise.all([clients, changes]);
  assert.ok(requests > 0);
  await routesBy(port, "load 49");
});

test("routes from a control plane change, and bad ones are refused", async () => {
  assert.equal(await version(remotePort), "200 remote first");
  controlPlane.set("remote", routes("remote", "remote second"));
  await routesBy(remotePort, "remote second");
  controlPlane.set("remote", { virtual_hosts: [{ name: "", domains: ["*"] }] });
  const refused = (): JsonObject | undefined =>
    controlPlane.requests.find((request) => request["error_detail"] !== undefined);
  await eventually(() => refused() !== undefined, "a refusal");
  const answer = refused()!;
  assert.equal(answer["version_info"], "2");
  assert.match(JSON.stringify(answer["error_detail"]), /virtual_hosts\[0\]\.name/);
  assert.equal(await version(remotePort), "200 remote second");
});
