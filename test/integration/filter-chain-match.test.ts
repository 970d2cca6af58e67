import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { ResponseFlag } from "../../host/src/contracts/stream-info.ts";
import { closed, readBytes, readToEnd } from "../support/connection-pair.ts";
import {
  chain,
  directResponse,
  echo,
  ListenerHarness,
  listenerConfig,
} from "../support/listener-harness.ts";

const named = (name: string, match: Parameters<typeof chain>[1] = {}) =>
  chain([directResponse(name)], match, name);
const loopback = [{ ip: "127.0.0.0", family: 4, prefixLength: 8 }] as const;
const elsewhere = [{ ip: "10.0.0.0", family: 4, prefixLength: 8 }] as const;

test("a listener chooses the most specific filter chain of a connection", async () => {
  using harness = new ListenerHarness();
  await harness.put(
    listenerConfig("l", [
      named("elsewhere", { sourcePrefixRanges: elsewhere }),
      named("loopback", { sourcePrefixRanges: loopback }),
      named("any"),
    ]),
  );
  assert.equal(await readToEnd(await harness.connect("l")), "loopback");
  const [line] = await harness.untilLogged(1);
  assert.equal(line!.info.filterChainName, "loopback");
  assert.equal(line!.info.responseCodeDetails, "direct_response");
  assert.equal(line!.bytesSent, 8);
});

test("a listener without a matching chain closes the connection with NR", async () => {
  using harness = new ListenerHarness();
  await harness.put(listenerConfig("l", [named("no", { sourcePrefixRanges: elsewhere })]));
  await closed(await harness.connect("l"));
  const [line] = await harness.untilLogged(1);
  assert.equal(line!.flags, ResponseFlag.NoRouteFound);
  assert.equal(line!.info.responseCodeDetails, "filter_chain_not_found");
  assert.equal(harness.counter("listener.l.no_filter_chain_match"), 1);
  assert.equal(harness.counter("listener.l.downstream_cx_total"), 0);
});

test("a listener without a matching chain uses its default chain", async () => {
  using harness = new ListenerHarness();
  await harness.put(
    listenerConfig("l", [named("no", { sourcePrefixRanges: elsewhere })], {
      defaultFilterChain: named("default"),
    }),
  );
  assert.equal(await readToEnd(await harness.connect("l")), "default");
  assert.equal(harness.counter("listener.l.no_filter_chain_match"), 0);
});

test("a chain without filters closes its connections", async () => {
  using harness = new ListenerHarness();
  await harness.put(listenerConfig("l", [chain([])]));
  await closed(await harness.connect("l"));
  await harness.untilLogged(1);
  assert.equal(harness.counter("listener.l.downstream_cx_total"), 1);
  assert.equal(harness.counter("listener.l.downstream_cx_destroy"), 1);
  assert.equal(harness.counter("listener.l.network_extension_config_missing"), 1);
  assert.equal(harness.gauge("listener.l.downstream_cx_active"), 0);
});

test("a listener serves Unix domain sockets and additional addresses", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "sluice-"));
  using harness = new ListenerHarness();
  const pipe = { kind: "pipe", path: path.join(folder, "l.sock"), mode: 0 } as const;
  await harness.put(
    listenerConfig("l", [chain([echo()])], {
      address: pipe,
      additionalAddresses: [
        { kind: "ip", ip: "127.0.0.1", port: 0, family: 4 },
        { kind: "pipe", path: `@sluice-${process.pid}`, mode: 0 },
      ],
    }),
  );
  for (const index of [0, 1]) {
    const client = await harness.connect("l", index);
    client.end("hi");
    assert.equal(await readToEnd(client), "hi");
  }
  const [unix] = await harness.untilLogged(2);
  assert.deepEqual(unix!.info.downstreamLocalAddress, pipe);
  assert.deepEqual(unix!.info.downstreamRemoteAddress, pipe);
  assert.equal(harness.counter("listener.l.worker_0.downstream_cx_total"), 2);
  rmSync(folder, { recursive: true });
});

test("a listener on an IPv6 address gives canonical addresses", async () => {
  using harness = new ListenerHarness();
  await harness.put(
    listenerConfig("l", [named("local", { sourceType: "same_ip_or_loopback" })], {
      address: { kind: "ip", ip: "::1", port: 0, family: 6 },
    }),
  );
  assert.equal(await readToEnd(await harness.connect("l")), "local");
  const [line] = await harness.untilLogged(1);
  const remote = line!.info.downstreamRemoteAddress!;
  assert.ok(remote.kind === "ip" && remote.ip === "::1" && remote.family === 6);
});

test("an updated listener uses its new chains for new connections; old ones live on", async () => {
  using harness = new ListenerHarness();
  await harness.put(listenerConfig("l", [chain([echo()], {}, "old")]));
  const old = await harness.connect("l");
  old.write("a");
  assert.equal(await readBytes(old, 1), "a");
  await harness.put(listenerConfig("l", [named("new")]));
  assert.equal(await readToEnd(await harness.connect("l")), "new");
  old.write("b");
  assert.equal(await readBytes(old, 1), "b");
  assert.equal(harness.handler.active, 1);
});
