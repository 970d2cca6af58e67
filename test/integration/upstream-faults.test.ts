import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import net from "node:net";
import { describe, test } from "node:test";
import { hostStatNames, hostStatPrefix } from "../../host/src/upstream/host.ts";
import { compileFormat } from "../../host/src/formatter/formatter.ts";
import {
  type Fault,
  type FaultOutcome,
  faults,
  isStable,
  requestOf,
  stableResponse,
} from "../golden/upstream-faults/faults.ts";
import { FrozenDispatcher, TestClient } from "../support/hcm-server.ts";
import { clusterOf, RouterServer, TestUpstream } from "../support/router-server.ts";

// Upstreams that misbehave, through real sockets, against recordings of Envoy: the answer, flags, details and every
// counter of cluster and host.

const recorded = JSON.parse(
  readFileSync(new URL("../golden/upstream-faults/faults.json", import.meta.url), "utf8"),
) as { readonly outcomes: { readonly [name: string]: FaultOutcome } };

const flagsFormat = compileFormat("%RESPONSE_FLAGS%");
assert.ok(flagsFormat.ok);
const flags = flagsFormat.value;

async function unusedPort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  server.close();
  return port;
}

/** Lets everything happen that is under way, until `done`; time moves on only for faults that wait for it. */
async function settle(dispatcher: FrozenDispatcher, fault: Fault, done: () => boolean) {
  for (let turns = 0; !done(); turns += 1) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (fault.timeout !== undefined && turns % 50 === 49) dispatcher.advance(100);
    assert.ok(turns < 10_000, "the request does not end");
  }
}

async function outcomeOf(fault: Fault): Promise<FaultOutcome> {
  const dispatcher = new FrozenDispatcher();
  await using upstream = await TestUpstream.start(fault.behave ?? (() => undefined));
  const port = fault.behave === undefined ? await unusedPort() : upstream.port;
  const cluster = clusterOf("up", fault.noHost === true ? [] : [port], fault.cluster ?? {});
  const route = { cluster: "up", timeout: fault.timeout ?? "10s" };
  const routes = [{ match: { prefix: "/" }, route }];
  await using proxy = await RouterServer.start({ routes, clusters: [cluster], dispatcher });
  await using client = await TestClient.connect(proxy.port);
  client.send(requestOf(fault));
  await settle(dispatcher, fault, () => proxy.server.logged.length > 0);
  const expected = recorded.outcomes[fault.name]!;
  await settle(dispatcher, fault, () => client.ended || client.text.includes("\r\n\r\n"));
  await settle(dispatcher, fault, () => isWhole(client, expected.response));
  const info = proxy.server.logged[0]!;
  const { stats } = proxy.clusters;
  const clusterStats = [...proxy.clusters.values("cluster.up.")].filter(
    ([name, value]) => value !== 0 && isStable(name),
  );
  const hostStats = hostStatNames.map((name): [string, number] => {
    const full = cluster.hosts.length === 0 ? "none" : `${hostStatPrefix(cluster, 0)}.${name}`;
    const stat = name.endsWith("active") ? stats.hiddenGauge(full) : stats.hiddenCounter(full);
    return [name, stat.value];
  });
  return {
    response: stableResponse(client.text),
    code: info.responseCode,
    flags: flags.format(info),
    details: info.responseCodeDetails.replaceAll(/\s/g, "_"),
    clusterStats: Object.fromEntries(clusterStats),
    hostStats: Object.fromEntries(hostStats.filter(([, value]) => value !== 0)),
  };
}

/** All that is expected has come, or nothing more can. */
function isWhole(client: TestClient, expected: string): boolean {
  return client.ended || stableResponse(client.text).length >= expected.length;
}

const sorted = (values: object): [string, number][] =>
  Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));

// Envoy drops what came before a bad chunk in the same read; handing it on first is as right.
const mayHandOnMore = new Set(["answers with a bad chunk"]);

describe("a request to an upstream that", () => {
  for (const fault of faults) {
    test(`${fault.name} ends as with Envoy`, async () => {
      const expected = recorded.outcomes[fault.name]!;
      const actual = await outcomeOf(fault);
      if (mayHandOnMore.has(fault.name)) {
        assert.ok(actual.response.startsWith(expected.response), actual.response);
      } else {
        assert.equal(actual.response, expected.response);
      }
      assert.deepEqual(
        [actual.code, actual.flags, actual.details],
        [expected.code, expected.flags, expected.details],
      );
      assert.deepEqual(sorted(actual.clusterStats), sorted(expected.clusterStats));
      assert.deepEqual(sorted(actual.hostStats), sorted(expected.hostStats));
    });
  }
});

/** One request to an upstream that behaves like this; what the client gets, and what is logged. */
async function exchange(behave: (socket: net.Socket) => void, request = requestOf(faults[0]!)) {
  await using upstream = await TestUpstream.start(behave);
  const routes = [{ match: { prefix: "/" }, route: { cluster: "up" } }];
  const clusters = [clusterOf("up", [upstream.port])];
  await using proxy = await RouterServer.start({ routes, clusters });
  await using client = await TestClient.connect(proxy.port);
  client.send(request);
  const response = await client.response();
  const info = await proxy.server.untilLogged(1);
  const active = proxy.clusters.values("cluster.up.").get("upstream_cx_active");
  return { response, flags: flags.format(info), active, connections: upstream.sockets.length };
}

test("An upstream that resets as it accepts costs a 503", async () => {
  const {
    response,
    flags: flag,
    active,
  } = await exchange((socket) => void socket.resetAndDestroy());
  assert.match(response, /^HTTP\/1.1 503 /);
  // The reset may come before the connection counts as established, or after.
  assert.match(flag, /^U[FC]$/);
  assert.equal(active, 0);
});

test("An upstream that sends nothing but 1xx is cut off", async () => {
  const storm = "HTTP/1.1 100 Continue\r\n\r\n".repeat(10_000);
  const { response, flags: flag } = await exchange((socket) => {
    socket.once("data", () => socket.write(storm));
  });
  assert.match(response, /^HTTP\/1.1 502 /);
  assert.equal(flag, "UPE");
});

test("A response that comes one byte at a time arrives whole", async () => {
  const text = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  const { response, active, connections } = await exchange((socket) => {
    socket.once("data", () => {
      let at = 0;
      const next = (): void => {
        if (at < text.length) socket.write(text[at++]!, () => setImmediate(next));
      };
      next();
    });
  });
  assert.match(response, /^HTTP\/1.1 200 OK\r\n/);
  const chunks = response.slice(response.indexOf("\r\n\r\n") + 4);
  assert.equal(chunks.replaceAll(/[0-9a-f]+\r\n([a-z]*)\r\n/g, "$1"), "abc");
  assert.deepEqual([active, connections], [1, 1], "the connection is in the pool again");
});

test("A client sees a response that was cut off as cut off", async () => {
  for (const name of ["ends inside the body", "ends inside the chunks"]) {
    const fault = faults.find((each) => each.name === name)!;
    await using upstream = await TestUpstream.start(fault.behave!);
    const routes = [{ match: { prefix: "/" }, route: { cluster: "up" } }];
    const clusters = [clusterOf("up", [upstream.port])];
    await using proxy = await RouterServer.start({ routes, clusters });
    await using client = await TestClient.connect(proxy.port);
    client.send(requestOf(fault));
    const text = await client.untilClosed();
    assert.match(text, /^HTTP\/1.1 200 OK\r\n.*abc/s);
    assert.doesNotMatch(text, /\r\n0\r\n\r\n$/);
  }
});
