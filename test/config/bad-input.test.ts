import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { sluice } from "../support/command.ts";
import { canConnect, freePort } from "../support/ports.ts";
import { scratchFolder, SluiceProcess } from "../support/sluice-process.ts";

// What the command says of wrong input, word for word, and how it ends. `bad/` has many more mistakes of one file each;
// here the way from the file to the exit code counts.

const hcmName = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const routerName = "envoy.extensions.filters.http.router.v3.Router";
const luaName = "envoy.extensions.filters.http.lua.v3.Lua";

/** A good bootstrap with a listener for each port, until a test changes it. */
function bootstrap(...ports: number[]): string {
  const listeners = ports.map(
    (port, i) => `  - name: listener_${i}
    address: { socket_address: { address: 127.0.0.1, port_value: ${port} } }
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/${hcmName}
          stat_prefix: main
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes:
              - match: { prefix: / }
                route: { cluster: backend }
          http_filters:
          - name: envoy.filters.http.router
            typed_config: { "@type": type.googleapis.com/${routerName} }
`,
  );
  return `static_resources:
  listeners:
${listeners.join("")}  clusters:
  - name: backend
    connect_timeout: 1s
    load_assignment:
      cluster_name: backend
`;
}

interface Ended {
  readonly code: number | null;
  /** Without time and thread; the configuration's path is FILE. */
  readonly lines: readonly string[];
  readonly stdout: string;
}

async function outcome(t: TestContext, config: string, args: string[] = []): Promise<Ended> {
  const process_ = new SluiceProcess(t, { config, args });
  const { code } = await process_.ended();
  const lines = process_.lines.map((line) =>
    line.replace(/^\[\d{4}[^\]]+\]\[\d+\]/, "").replaceAll(process_.configFile, "FILE"),
  );
  return { code, lines, stdout: process_.stdout };
}

const listener = "static_resources.listeners[0].filter_chains[0].filters[0].typed_config";

/** A change to the good bootstrap, and all that is said of it, from its place on. */
const mistakes: readonly [name: string, from: string, to: string, said: string][] = [
  [
    "that is no YAML",
    "    address: {",
    "    address: [",
    "FILE:4:%: Flow sequence in block collection must be sufficiently indented and end with a ]",
  ],
  [
    "with a field that does not exist",
    "stat_prefix: main",
    "stat_prefx: main",
    `FILE:10:11: ${listener}: unknown field "stat_prefx" of ${hcmName}; did you mean "stat_prefix"?`,
  ],
  [
    "with a filter that does not exist",
    "http.router.v3.Router",
    "http.rooter.v3.Router",
    `FILE:20:13: ${listener}.http_filters[0].typed_config: there is no HTTP filter of type envoy.extensions.filters.http.rooter.v3.Router (asked for by "envoy.filters.http.router"); did you mean ${routerName}?`,
  ],
  [
    "with a route to a cluster that does not exist",
    "cluster: backend }",
    "cluster: bakend }",
    `FILE:17:26: ${listener}.route_config.virtual_hosts[0].routes[0].route.cluster: route: unknown cluster 'bakend'; did you mean 'backend'?`,
  ],
  [
    "with something that is not supported",
    "stat_prefix: main",
    "stat_prefix: main\n          tracing: {}",
    `FILE:11:11: ${listener}.tracing: "tracing" of ${hcmName}: tracing is not supported`,
  ],
  [
    "with a value that breaks a rule",
    "stat_prefix: main",
    'stat_prefix: ""',
    `FILE:10:11: ${listener}.stat_prefix: "stat_prefix" must not be empty`,
  ],
  [
    "with a script whose file does not exist",
    "http_filters:",
    `http_filters:
          - name: lua
            typed_config: { "@type": type.googleapis.com/${luaName}, default_source_code: { filename: /nowhere.lua } }`,
    `FILE:20:100: ${listener}.http_filters[0].typed_config.default_source_code: /nowhere.lua: cannot read the file: it does not exist`,
  ],
  [
    "with a script that does not compile",
    "http_filters:",
    `http_filters:
          - name: lua
            typed_config: { "@type": type.googleapis.com/${luaName}, default_source_code: { inline_string: "oops" } }`,
    `FILE:20:13: ${listener}.http_filters[0].typed_config: script load error: [string "oops"]:1: `,
  ],
];

for (const [name, from, to, said] of mistakes) {
  test(`a configuration ${name} ends the command with 78`, async (t) => {
    const port = await freePort();
    const good = bootstrap(port);
    assert.ok(good.includes(from));
    const { code, lines, stdout } = await outcome(t, good.replace(from, to));
    assert.deepEqual([code, stdout, lines.length], [78, "", 1], lines.join("\n"));
    // How wide the port is decides about one column.
    const line = lines[0]!.replace(/^(.*FILE:4:)\d+/, "$1%");
    assert.equal(line.slice(0, `[critical][main] ${said}`.length), `[critical][main] ${said}`);
    assert.equal(await canConnect(port), false);
  });
}

test("all problems of a configuration are said at once, in the order of their places", async (t) => {
  const wrong = bootstrap(await freePort())
    .replace("stat_prefix: main", "stat_prefx: main")
    .replace("http.router.v3.Router", "http.rooter.v3.Router")
    .replace("cluster: backend }", "cluster: backend, timeout: soon }")
    .replace("connect_timeout", "connect_time");
  for (const mode of ["serve", "validate"]) {
    const { code, lines } = await outcome(t, wrong, ["--mode", mode]);
    assert.equal(code, 78);
    const places = lines.map((line) => /FILE:(\d+):\d+: /.exec(line)?.[1]);
    assert.deepEqual(places, ["10", "17", "20", "23"], lines.join("\n"));
  }
});

test("a configuration file that does not exist ends the command with 78", async (t) => {
  const file = path.join(scratchFolder(t), "none.yaml");
  const { code, stderr } = await sluice("-c", file);
  assert.equal(code, 78);
  assert.match(stderr, /^\[[^\]]+\]\[\d+\]\[critical\]\[main\] [^\n]+\n$/);
  assert.ok(stderr.endsWith(` ${file}: cannot read the file: it does not exist\n`), stderr);
});

test("ports in use are all named, none is opened, and the command ends with 1", async (t) => {
  const taken = [net.createServer(), net.createServer()];
  for (const server of taken) {
    server.listen(await freePort(), "127.0.0.1");
    await once(server, "listening");
    t.after(() => server.close());
  }
  const [first, second] = taken.map((server) => (server.address() as net.AddressInfo).port);
  const free = await freePort();
  const { code, lines } = await outcome(t, bootstrap(first!, free, second!));
  assert.equal(code, 1);
  const mend =
    "address already in use (EADDRINUSE from bind): another process or listener has it; end that one, or choose another address";
  assert.deepEqual(lines, [
    `[critical][main] listener 'listener_0': cannot listen on 127.0.0.1:${first}: ${mend}`,
    `[critical][main] listener 'listener_2': cannot listen on 127.0.0.1:${second}: ${mend}`,
  ]);
  assert.equal(await canConnect(free), false);
});

test("an admin port in use ends the command with 1, and no listener is opened", async (t) => {
  const taken = net.createServer();
  const port = await freePort();
  taken.listen(port, "127.0.0.1");
  await once(taken, "listening");
  t.after(() => taken.close());
  const free = await freePort();
  const admin = `admin: { address: { socket_address: { address: 127.0.0.1, port_value: ${port} } } }\n`;
  const { code, lines } = await outcome(t, admin + bootstrap(free));
  assert.deepEqual([code, lines.length], [1, 1], lines.join("\n"));
  assert.match(
    lines[0]!,
    new RegExp(`^\\[critical\\]\\[main\\] .*127\\.0\\.0\\.1:${port}.*in use`),
  );
  assert.equal(await canConnect(free), false);
});
