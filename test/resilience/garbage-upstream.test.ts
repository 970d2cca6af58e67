import assert from "node:assert/strict";
import type net from "node:net";
import { test } from "node:test";
import { TestClient } from "../support/hcm-server.ts";
import { ask, requestText } from "../support/http-exchange.ts";
import { freePort } from "../support/ports.ts";
import { bootstrap, httpListener, staticCluster } from "../support/proxy-config.ts";
import { answering, ok, TestUpstream } from "../support/router-server.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import { startSluice } from "../support/sluice-process.ts";

const pieces = [
  "HTTP/1.1 200 OK\r\n",
  "HTTP/1.1 100 Continue\r\n\r\n",
  "HTTP/1.0 204 No Content\r\n",
  "HTTP/9.9 999 \r\n",
  "content-length: 5\r\n",
  "content-length: -1\r\n",
  "content-length: 99999999999999999999\r\n",
  "transfer-encoding: chunked\r\n",
  "transfer-encoding: gzip, chunked\r\n",
  "connection: close\r\n",
  "connection: upgrade\r\nupgrade: x\r\n",
  "x: \0\r\n",
  " folded\r\n",
  ": nameless\r\n",
  "\r\n",
  "\n",
  "\r",
  "5\r\nhello\r\n",
  "0\r\n\r\n",
  "ffffffffffffffff\r\n",
  '5;ext="\r\nhello\r\n',
  "hello",
  "\u00ff\u00fe\u0000\u0001",
  "x".repeat(100_000),
];

const random = new SeededRandom();

/** Answers a request with some of the pieces, in some cuts, and ends in some way. */
function answerGarbage(socket: net.Socket): void {
  const text = Array.from({ length: 1 + random.below(6) }, () => random.pick(pieces)).join("");
  const cut = random.below(text.length + 1);
  socket.write(text.slice(0, cut), "latin1");
  const ending = random.below(3);
  setImmediate(() => {
    if (socket.destroyed) return;
    socket.write(text.slice(cut), "latin1", () => {
      if (ending === 0) socket.end();
      else if (ending === 1) socket.resetAndDestroy();
      // Else it stays open, and the route's timeout ends the request.
    });
  });
}

test("an upstream that answers garbage never costs more than its own requests", async (t) => {
  await using garbage = await TestUpstream.start((socket) => {
    socket.on("data", () => answerGarbage(socket));
  });
  await using good = await TestUpstream.start(answering(() => ok("good")));
  const port = await freePort();
  const sluice = await startSluice(t, {
    args: ["--concurrency", "1", "-l", "info"],
    config: bootstrap(
      [
        httpListener({
          port,
          routes: [
            { match: { prefix: "/garbage" }, route: { cluster: "garbage", timeout: "0.3s" } },
            { match: { prefix: "/" }, route: { cluster: "good" } },
          ],
        }),
      ],
      [staticCluster("garbage", [garbage.port]), staticCluster("good", [good.port])],
    ),
  });
  await using neighbour = await TestClient.connect(port);
  const statuses = new Map<string, number>();
  const one = async (): Promise<void> => {
    await using client = await TestClient.connect(port);
    client.send(requestText({ path: "/garbage" }));
    // Whole, or as much as came before the connection was cut.
    const text = await client.response().catch(() => client.text);
    const status = text.split("\r\n", 1)[0]!.slice(0, 12);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  };
  for (let round = 0; round < 40; round += 1) {
    await Promise.all(Array.from({ length: 10 }, one));
    assert.equal((await ask(neighbour)).body, "good");
  }
  const allowed = /^HTTP\/1\.1 (200|204|502|503|504)$/;
  assert.deepEqual(
    [...statuses.keys()].filter((status) => !allowed.test(status)),
    [],
  );
  assert.ok(statuses.get("HTTP/1.1 502")! > 100, JSON.stringify([...statuses]));
  assert.equal(sluice.lines.length, 1, sluice.stderr);
});
