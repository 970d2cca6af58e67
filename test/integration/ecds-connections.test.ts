import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { adminAt, statsBelow } from "../support/admin-stats.ts";
import { eventually } from "../support/eventually.ts";
import { TestClient } from "../support/hcm-server.ts";
import { freePort } from "../support/ports.ts";
import { prefixGuest } from "../support/prefix-guest.ts";
import {
  bootstrap,
  extensionResponse,
  httpFilter,
  moveInto,
  typeUrl,
  wasmConfig,
} from "../support/proxy-config.ts";
import { PushedFilter } from "../support/pushed-filter.ts";
import { scratchFolder, SluiceProcess } from "../support/sluice-process.ts";

// Network and listener filters that come by discovery. Envoy 1.40 passes the same test (SLUICE_UNDER_TEST=envoy).

const folder = scratchFolder({ after });
const wasmType = "envoy.extensions.filters.network.wasm.v3.Wasm";
const directType = "envoy.extensions.filters.network.direct_response.v3.Config";
const echoType = "envoy.extensions.filters.network.echo.v3.Echo";
const httpInspectorType = "envoy.extensions.filters.listener.http_inspector.v3.HttpInspector";
const tlsInspectorType = "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector";

/** Says `text` to who connects, and closes. */
const direct = (text: string): JsonObject => ({
  "@type": typeUrl(directType),
  response: { inline_string: text },
});
const echo: JsonObject = { "@type": typeUrl(echoType) };
const httpInspector: JsonObject = { "@type": typeUrl(httpInspectorType) };

/** A module that puts `letter` in front of what is sent. */
async function prefix(letter: string): Promise<JsonObject> {
  const file = path.join(folder, `${letter}.wasm`);
  writeFileSync(file, await prefixGuest(letter));
  return { ...wasmConfig(file, { name: "prefix" }), "@type": typeUrl(wasmType) };
}

const inside = new PushedFilter(folder, "inside", [wasmType, directType]);
const last = new PushedFilter(folder, "last", [directType, echoType]);
const sniffer = new PushedFilter(folder, "sniffer", [httpInspectorType]);
const skipped = new PushedFilter(folder, "skipped", [httpInspectorType]);
// Nothing has come of any of them.
for (const { file } of [inside, last, sniffer, skipped]) moveInto(file, { resources: [] });

const ports = {
  inside: await freePort(),
  last: await freePort(),
  sniffed: await freePort(),
  skipped: await freePort(),
};
const adminPort = await freePort();
const listener = (name: keyof typeof ports, more: JsonObject): JsonObject => ({
  name,
  address: { socket_address: { address: "127.0.0.1", port_value: ports[name] } },
  stat_prefix: name,
  ...more,
});
const echoes = httpFilter("echo", echo);
/** Answers requests. */
const manager = httpFilter("manager", {
  "@type": typeUrl("hcm"),
  stat_prefix: "sniffed",
  http_filters: [httpFilter("router", { "@type": typeUrl("router") })],
  route_config: {
    virtual_hosts: [
      {
        name: "all",
        domains: "*",
        routes: [{ match: { prefix: "/" }, direct_response: { status: 200 } }],
      },
    ],
  },
});
const proxy = new SluiceProcess(
  { after },
  {
    folder,
    args: ["--concurrency", "1"],
    config: bootstrap(
      [
        listener("inside", { filter_chains: [{ filters: [inside.entry(), echoes] }] }),
        listener("last", {
          filter_chains: [{ filters: [last.entry({ default_config: direct("default") })] }],
        }),
        listener("sniffed", {
          listener_filters: [sniffer.entry()],
          filter_chains: [
            { filter_chain_match: { application_protocols: ["http/1.1"] }, filters: [manager] },
            { filters: [echoes] },
          ],
        }),
        listener("skipped", {
          listener_filters: [{ ...skipped.entry(), filter_disabled: { any_match: true } }],
          filter_chains: [{ filters: [echoes] }],
        }),
      ],
      [],
      adminAt(adminPort),
    ),
  },
);
await proxy.ready();

/** What a new connection that sends `text` has received when it is closed, or when `whole` is there. */
async function answered(port: number, text: string, whole?: string): Promise<string> {
  await using client = await TestClient.connect(port);
  client.send(text);
  return await client.until((received) => received === whole);
}

/** What the port of the listener filter makes of a request: whether it was recognised. */
async function sniffed(): Promise<string> {
  await using client = await TestClient.connect(ports.sniffed);
  client.send(request);
  const received = await client.until((text) => text.includes("\r\n\r\n"));
  return received === request ? "not recognised" : received.slice(0, 15);
}
const request = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
const recognised = "HTTP/1.1 200 OK";

const statsOf = (kind: string, filter: PushedFilter): Promise<Map<string, number>> =>
  statsBelow(adminPort, `extension_config_discovery.${kind}.${filter.name}.`);

/** Moves a version into place and waits until it is counted; gives how. */
async function push(kind: string, filter: PushedFilter, content: JsonObject): Promise<string> {
  const counters = ["update_success", "update_rejected"];
  const before = await statsOf(kind, filter);
  filter.move(content);
  let counted: string | undefined;
  await eventually(async () => {
    const stats = await statsOf(kind, filter);
    counted = counters.find((name) => stats.get(name)! > before.get(name)!);
    return counted !== undefined;
  }, `a new version of ${filter.name}`);
  return counted!;
}

/** Versions that a busy machine was too slow for, by filter. */
const late = new Map<PushedFilter, number>();

/** Moves a version into place and waits until it is in force. */
async function pushed(
  kind: string,
  filter: PushedFilter,
  version: string,
  config: JsonObject,
): Promise<void> {
  const content = extensionResponse(filter.name, version, config);
  while ((await push(kind, filter, content)) === "update_rejected") {
    assert.match(proxy.stderr, / within \d+ ms/, "refused for what it is");
    late.set(filter, (late.get(filter) ?? 0) + 1);
  }
}

const network = "network_filter";
const listening = "tcp_listener_filter";

test("connections are closed while the configuration of a filter is missing", async () => {
  assert.equal(await answered(ports.inside, "hi"), "");
  assert.equal(await answered(ports.sniffed, "hi"), "");
  assert.equal(await answered(ports.skipped, "hi"), "", "also where the filter is skipped");
  assert.equal(await answered(ports.last, ""), "default");
  const missing = await statsBelow(adminPort, "listener.", "config_missing");
  assert.deepEqual(
    [...missing].filter(([, count]) => count > 0),
    [
      ["inside.network_extension_config_missing", 1],
      ["skipped.extension_config_missing", 1],
      ["sniffed.extension_config_missing", 1],
    ],
  );
});

test("the first version serves the next connection", async () => {
  await pushed(network, inside, "1", await prefix("a"));
  await pushed(network, last, "1", direct("first"));
  await pushed(listening, sniffer, "1", httpInspector);
  assert.equal(await answered(ports.inside, "hi", "ahi"), "ahi");
  assert.equal(await answered(ports.last, ""), "first");
  assert.equal(await sniffed(), recognised);
  assert.equal(await answered(ports.skipped, "hi"), "");
});

test("an open connection keeps its filter when another version comes", async () => {
  await using open = await TestClient.connect(ports.inside);
  open.send("x");
  assert.equal(await open.until((text) => text === "ax"), "ax");
  await pushed(network, inside, "2", await prefix("b"));
  assert.equal(await answered(ports.inside, "hi", "bhi"), "bhi");
  open.send("y");
  assert.equal(await open.until((text) => text === "axay"), "axay");
});

test("a socket that a listener filter looks at keeps it when another version comes", async () => {
  await using open = await TestClient.connect(ports.sniffed);
  open.send(request.slice(0, 8));
  const held = async (): Promise<boolean> =>
    (await statsBelow(adminPort, "listener.sniffed.")).get("downstream_pre_cx_active") === 1;
  await eventually(held, "a socket in the listener filter");
  await pushed(listening, sniffer, "2", {
    "@type": typeUrl("xds.type.v3.TypedStruct"),
    type_url: typeUrl(httpInspectorType),
  });
  open.send(request.slice(8));
  const received = await open.until((text) => text.includes("\r\n\r\n"));
  assert.ok(received.startsWith(recognised), received);
});

const refusals: readonly [name: string, kind: string, filter: PushedFilter, config: JsonObject][] =
  [
    ["a terminal filter in the middle of the chain", network, inside, direct("middle")],
    ["a filter of another type", network, last, await prefix("c")],
    [
      "a listener filter of another type",
      listening,
      sniffer,
      { "@type": typeUrl(tlsInspectorType) },
    ],
  ];
for (const [name, kind, filter, config] of refusals) {
  test(`${name} is refused, and nothing changes`, async () => {
    const failed = (await statsOf(kind, filter)).get("config_fail")!;
    const content = extensionResponse(filter.name, "bad", config);
    assert.equal(await push(kind, filter, content), "update_rejected");
    assert.equal((await statsOf(kind, filter)).get("config_fail"), failed + 1);
    assert.equal(await answered(ports.inside, "hi", "bhi"), "bhi");
    assert.equal(await answered(ports.last, ""), "first");
    assert.equal(await sniffed(), recognised);
  });
}

interface Dump {
  readonly "@type": string;
  readonly ecds_filters?: readonly {
    readonly version_info: string;
    readonly ecds_filter: { readonly name: string };
  }[];
}

test("/config_dump has a dump of each kind, with what has come", async () => {
  const dumped = async (query: string): Promise<Dump[]> => {
    const response = await fetch(`http://127.0.0.1:${adminPort}/config_dump${query}`);
    return ((await response.json()) as { configs?: Dump[] }).configs ?? [];
  };
  const all = await dumped("");
  const ecds = all.filter((dump) => dump["@type"].endsWith(".EcdsConfigDump"));
  const entries = ecds.map(({ ecds_filters: filters = [] }) =>
    filters.map((entry) => `${entry.ecds_filter.name} ${entry.version_info}`).sort(),
  );
  assert.deepEqual(entries, [["inside 2", "last 1"], ["sniffer 2"]]);
  // Of the first kind only.
  const filters = (await dumped("?resource=ecds_filters")) as unknown as {
    ecds_filter: { name: string };
  }[];
  const names = filters.map(({ ecds_filter: { name } }) => name);
  assert.deepEqual(names.sort(), ["inside", "last"]);
  assert.deepEqual(await dumped("?resource=ecds_filters&name_regex=sniffer"), []);
});

test("versions are counted", async () => {
  const count = async (kind: string, filter: PushedFilter): Promise<unknown[]> => {
    const stats = await statsOf(kind, filter);
    const names = ["update_success", "config_reload", "config_conflict"];
    const attempts = stats.get("update_attempt")! - (late.get(filter) ?? 0);
    return [attempts, ...names.map((name) => stats.get(name))];
  };
  assert.deepEqual(await count(network, inside), [4, 2, 2, 0]);
  assert.deepEqual(await count(network, last), [3, 1, 1, 0]);
  assert.deepEqual(await count(listening, sniffer), [4, 2, 2, 0]);
  assert.deepEqual(await count(listening, skipped), [1, 0, 0, 0]);
});
