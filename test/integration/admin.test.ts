import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { parse } from "yaml";
import type { JsonValue } from "@bufbuild/protobuf";
import { addressText } from "../../host/src/common/address.ts";
import { logComponents, LogLevels } from "../../host/src/common/log/levels.ts";
import { systemTime } from "../../host/src/common/time/clock.ts";
import type { Bootstrap } from "../../host/src/config/gen/envoy/config/bootstrap/v3/bootstrap_pb.ts";
import type { AccessLog } from "../../host/src/contracts/access-log.ts";
import type { Logger } from "../../host/src/contracts/log.ts";
import { compileFormat } from "../../host/src/formatter/formatter.ts";
import { type Admin, createAdmin } from "../../host/src/server/admin/admin.ts";
import type { AdminDeps } from "../../host/src/server/admin/admin-deps.ts";
import { StatsStore } from "../../host/src/stats/stats-store.ts";
import { parseCluster } from "../../host/src/upstream/config.ts";
import { hostStatPrefix } from "../../host/src/upstream/host.ts";
import { type AdminAnswer, askAdmin, withoutVolatile } from "../support/admin-golden.ts";
import { messageOf, recordingParseContext } from "../support/config-message.ts";

const golden = new URL("../golden/admin/", import.meta.url);
const logged: string[] = [];
const log = {
  info: (text: string) => void logged.push(text),
  warning: (text: string) => void logged.push(text),
  error: (text: string) => void logged.push(text),
} as unknown as Logger;

interface State {
  state: string;
  quits: number;
}

function depsOf(name: string, changes: Partial<AdminDeps> = {}): AdminDeps & State {
  const json = parse(readFileSync(new URL(`${name}.yaml`, golden), "utf8")) as JsonValue;
  const bootstrap = messageOf<Bootstrap>("envoy.config.bootstrap.v3.Bootstrap", json);
  const { listeners = [], clusters = [] } = bootstrap.staticResources ?? {};
  const context = recordingParseContext();
  const clusterConfigs = clusters.map((cluster) => ({
    ...parseCluster(cluster, context),
    resourceCounts: new SharedArrayBuffer(0),
  }));
  const localInfo = {
    nodeId: "golden",
    clusterName: "goldens",
    zone: "",
    nodeMetadata: {},
    address: "127.0.0.1",
    version: "0.1.0",
  };
  const levels = new LogLevels();
  levels.setAll("warning");
  const deps: AdminDeps & State = {
    state: "LIVE",
    quits: 0,
    address: { kind: "ip", ip: "127.0.0.1", port: 0, family: 4 },
    stats: new StatsStore(),
    levels,
    log,
    time: systemTime,
    accessLogs: [],
    version: "0.1.0",
    clusters: () => clusterConfigs,
    listeners: () =>
      listeners.map(({ name: listenerName }, i) => ({
        listenerName,
        addressIndex: 0,
        address: { kind: "ip", ip: "127.0.0.1", port: 40_000 + i, family: 4 },
      })),
    certificates: () => [],
    configDump: () => ({
      bootstrap,
      localInfo,
      clusters,
      listeners,
      loadedMs: 1000,
      ecdsCategories: new Set(),
      ecds: [],
      secrets: [],
      routes: [],
    }),
    extensions: () => [
      { name: "envoy.filters.network.echo", category: "envoy.filters.network", messageName: "e.E" },
    ],
    commandLineOptions: () => ({ concurrency: 2 }),
    ...changes,
  } as AdminDeps & State;
  Object.assign(deps, {
    state: () => state.state,
    quit: () => void (state.quits += 1),
    current: state,
  });
  return deps;
}
const state: State = { state: "LIVE", quits: 0 };

const deps = depsOf("bootstrap");
let admin: Admin;
let address: string;

before(async () => {
  const started = await createAdmin(deps);
  assert.ok(started.ok, started.ok ? "" : started.error);
  admin = started.value;
  address = addressText(admin.address);
});
after(() => admin.close());

const ask = (method: "GET" | "POST", target: string): Promise<AdminAnswer> =>
  askAdmin(address, { method, path: target });

const recorded = JSON.parse(readFileSync(new URL("bootstrap.json", golden), "utf8")) as {
  readonly answers: readonly AdminAnswer[];
};

for (const answer of recorded.answers) {
  // The stats are those of a whole proxy: admin-golden.test.ts compares them.
  if (/^\/stats($|\/prometheus)/.test(answer.path)) continue;
  test(`${answer.method} ${answer.path} answers as Envoy does`, async () => {
    assert.deepEqual(withoutVolatile(await ask(answer.method, answer.path)), answer);
  });
}

test("GET /config_dump lists discovered filters as Envoy does", async () => {
  const source = depsOf("ecds").configDump();
  const json = parse(readFileSync(new URL("ecds-filter.yaml", golden), "utf8")) as {
    resources: { [key: string]: JsonValue }[];
  };
  const { "@type": _type, ...fields } = json.resources[0]!;
  const resource = messageOf<(typeof source.ecds)[number]["resource"]>(
    "envoy.config.core.v3.TypedExtensionConfig",
    fields,
  );
  const category = "http_filter" as const;
  const ecds = [{ category, version: "7", resource, lastUpdatedMs: 2000 }];
  const ecdsCategories = new Set([category]);
  const started = await createAdmin(
    depsOf("ecds", { configDump: () => ({ ...source, ecdsCategories, ecds }) }),
  );
  assert.ok(started.ok);
  const answers = (
    JSON.parse(readFileSync(new URL("ecds.json", golden), "utf8")) as typeof recorded
  ).answers;
  for (const answer of answers) {
    const { method, path: target } = answer;
    const got = await askAdmin(addressText(started.value.address), { method, path: target });
    assert.deepEqual(withoutVolatile(got), answer);
  }
  await started.value.close();
});

test("GET /config_dump tells who this proxy is, and when the configuration was loaded", async () => {
  const { body } = await ask("GET", "/config_dump?mask=bootstrap.node,last_updated");
  const { configs } = JSON.parse(body.join("\n")) as { configs: { [key: string]: unknown }[] };
  assert.equal(configs[0]!["last_updated"], "1970-01-01T00:00:01.000Z");
  const { node } = configs[0]!["bootstrap"] as { node: { [key: string]: unknown } };
  assert.equal(node["user_agent_name"], "sluice");
  assert.deepEqual(node["extensions"], [
    { name: "envoy.filters.network.echo", category: "envoy.filters.network", type_urls: ["e.E"] },
  ]);
});

test("GET /config_dump refuses what it cannot do, by name", async () => {
  assert.equal((await ask("GET", "/config_dump?include_eds")).status, 400);
  const bad = await ask("GET", "/config_dump?name_regex=(");
  assert.equal(bad.status, 400);
  assert.match(bad.body.join("\n"), /^INVALID_ARGUMENT: Error while parsing name_regex from \(/);
});

test("GET /clusters shows the hosts' counts of all workers", async () => {
  const [cluster] = deps.clusters();
  const prefix = hostStatPrefix(cluster!, 0);
  const worker = new StatsStore();
  assert.equal(worker.value(prefix), 0);
  deps.stats.main.hiddenCounter(`${prefix}.rq_total`).add(5);
  deps.stats.main.hiddenGauge(`${prefix}.cx_active`).set(2);
  const text = (await ask("GET", "/clusters")).body;
  assert.ok(text.includes("one::127.0.0.1:18081::rq_total::5"));
  assert.ok(text.includes("one::127.0.0.1:18081::cx_active::2"));
  const json = (await ask("GET", "/clusters?format=json")).body.join("\n");
  assert.match(json, /"value": "5",\n\s*"name": "rq_total"/);
  assert.match(json, /"type": "GAUGE",\n\s*"value": "2",\n\s*"name": "cx_active"/);
  assert.equal((await ask("GET", "/clusters?filter=(")).status, 400);
});

test("GET /ready answers 503 while the server is not live", async () => {
  state.state = "DRAINING";
  const answer = await ask("GET", "/ready");
  state.state = "LIVE";
  assert.equal(answer.status, 503);
  assert.deepEqual(answer.body, ["DRAINING", ""]);
});

test("GET /server_info gives version, state, options and node", async () => {
  const answer = await ask("GET", "/server_info");
  const info = JSON.parse(answer.body.join("\n")) as { [key: string]: unknown };
  assert.match(String(info["version"]), /^sluice\/0\.1\.0\//);
  assert.equal(info["state"], "LIVE");
  assert.match(String(info["uptime_current_epoch"]), /^\d+s$/);
  assert.deepEqual(info["command_line_options"], { concurrency: 2 });
  assert.equal((info["node"] as { id: string }).id, "golden");
});

test("POST /logging changes the levels that all threads read", async () => {
  const other = new LogLevels(deps.levels.memory);
  await ask("POST", "/logging?wasm=trace");
  assert.equal(other.get("wasm"), "trace");
  assert.equal(other.get("lua"), "warning");
  await ask("POST", "/logging?level=warning");
  assert.ok(logComponents.every((component) => other.get(component) === "warning"));
});

test("POST /logging takes its parameters from a form, too", async () => {
  const answer = await send({ method: "POST", path: "/logging", body: "level=error" });
  assert.equal(answer.status, 200);
  assert.equal(deps.levels.get("main"), "error");
  deps.levels.setAll("warning");
});

test("POST /quitquitquit answers, then ends the server", async () => {
  const answer = await ask("POST", "/quitquitquit");
  assert.deepEqual([answer.status, answer.body], [200, ["OK", ""]]);
  assert.equal(state.quits, 1);
});

test("unknown paths get 404 and the list of what there is", async () => {
  const help = (await ask("GET", "/help")).body.join("\n");
  assert.match(
    help,
    /^admin commands are:\n {2}\/: Admin home page\n {2}\/certs: .*\n {2}\/clusters: /,
  );
  assert.match(help, /\n {2}\/logging \(POST\): query\/change logging levels\n/);
  for (const target of ["/nope", "/ready/", "/stats/recentlookups"]) {
    const answer = await ask("GET", target);
    assert.equal(answer.status, 404, target);
    assert.equal(answer.body.join("\n"), `invalid path. ${help}`);
  }
});

test("GET / has a form for every endpoint", async () => {
  const answer = await ask("GET", "/");
  assert.equal(answer.contentType, "text/html; charset=UTF-8");
  const html = answer.body.join("\n");
  assert.match(html, /<form action="logging" method="post">/);
  assert.match(html, /<form action="stats\/prometheus" method="get">/);
});

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: { readonly [name: string]: string };
  readonly body?: string;
}

/** With headers of choice. */
function send(
  sent: Sent,
): Promise<{ status: number; headers: NodeJS.Dict<unknown>; text: string }> {
  const [host, port] = address.split(":");
  const form =
    sent.body === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" };
  const headers = { ...form, ...sent.headers };
  return new Promise((resolve, reject) => {
    const asked = request(
      { host, port, method: sent.method ?? "GET", path: sent.path ?? "/ready", headers },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (piece: string) => (text += piece));
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
        );
      },
    );
    asked.on("error", reject);
    asked.end(sent.body);
  });
}

test("admin answers with Envoy's headers, and HEAD without a body", async () => {
  const { headers, text } = await send({ method: "HEAD" });
  assert.equal(text, "");
  assert.equal(headers["content-type"], "text/plain; charset=UTF-8");
  assert.equal(headers["cache-control"], "no-cache, max-age=0");
  assert.equal(headers["x-content-type-options"], "nosniff");
  assert.equal(headers["server"], "envoy");
  assert.ok(headers["date"]);
});

test("admin takes other methods on what only reads", async () => {
  for (const method of ["PUT", "DELETE", "OPTIONS", "POST"]) {
    assert.equal((await send({ method })).status, 200, method);
  }
  assert.equal((await send({ method: "PUT", path: "/logging" })).status, 405);
});

test("admin refuses pages of other origins and names that are not its own", async () => {
  const port = address.split(":")[1]!;
  const refused: readonly Sent[] = [
    { headers: { origin: "http://evil.example" } },
    { headers: { origin: "null" } },
    { method: "POST", path: "/logging?level=off", headers: { origin: `http://127.0.0.1:1` } },
    { headers: { "sec-fetch-site": "cross-site" } },
    { headers: { host: `evil.example:${port}` } },
    { method: "POST", path: "/quitquitquit", headers: { host: "evil.example" } },
  ];
  const before = state.quits;
  for (const sent of refused) {
    assert.equal((await send(sent)).status, 403, JSON.stringify(sent));
  }
  assert.equal(state.quits, before);
  assert.equal(deps.levels.get("main"), "warning");
  const accepted: readonly Sent[] = [
    { headers: { host: `localhost:${port}` } },
    { headers: { host: `[::1]:${port}` } },
    { headers: { host: address, origin: `http://${address}` } },
    { headers: { "sec-fetch-site": "same-origin" } },
  ];
  for (const sent of accepted) {
    assert.equal((await send(sent)).status, 200, JSON.stringify(sent));
  }
});

test("admin refuses a form that is too long", async () => {
  const answer = await send({ method: "POST", path: "/logging", body: "x".repeat(70_000) });
  assert.equal(answer.status, 413);
});

test("admin logs its accesses", async () => {
  const lines: string[] = [];
  const format = compileFormat(
    "%REQ(:METHOD)% %REQ(:PATH)% %PROTOCOL% %RESPONSE_CODE% %RESPONSE_CODE_DETAILS% %ACCESS_LOG_TYPE% %REQ(USER-AGENT)%",
  );
  assert.ok(format.ok);
  const accessLog: AccessLog = {
    log: (info, type) => void lines.push(format.value.format(info, type)),
  };
  const started = await createAdmin(depsOf("bootstrap", { accessLogs: [accessLog] }));
  assert.ok(started.ok);
  await askAdmin(addressText(started.value.address), { method: "GET", path: "/ready?x" });
  while (lines.length === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(lines, ["GET /ready?x HTTP/1.1 200 admin_filter_response DownstreamEnd -"]);
  await started.value.close();
});

test("createAdmin() says which address it cannot have", async () => {
  const taken = await createAdmin(depsOf("bootstrap", { address: admin.address }));
  assert.ok(!taken.ok);
  assert.match(taken.error, /^the admin interface cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE/);
});

test("createAdmin() listens on a Unix socket, also one that a dead process left behind", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "admin-"));
  const socketPath = path.join(folder, "admin.sock");
  const pipe = { kind: "pipe", path: socketPath, mode: 0o600 } as const;
  const first = await createAdmin(depsOf("bootstrap", { address: pipe }));
  assert.ok(first.ok);
  const second = await createAdmin(depsOf("bootstrap", { address: pipe }));
  assert.ok(!second.ok, "somebody answers there");
  const text = await new Promise<string>((resolve, reject) => {
    request({ socketPath, path: "/ready" }, (response) => {
      response.setEncoding("utf8").on("data", resolve);
    })
      .on("error", reject)
      .end();
  });
  assert.equal(text, "LIVE\n");
  await first.value.close();
  rmSync(folder, { recursive: true });
});
