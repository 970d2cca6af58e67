import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import http from "node:http";
import path from "node:path";
import { test } from "node:test";
import { TestClient } from "../support/hcm-server.ts";
import { parseAnswer, requestText } from "../support/http-exchange.ts";
import { freePort } from "../support/ports.ts";
import { bootstrap, httpListener, staticCluster } from "../support/proxy-config.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";

const adminAt = (port: number) => ({
  admin: { address: { socket_address: { address: "127.0.0.1", port_value: port } } },
});

test("--admin-address-path names where the admin interface is, also with port 0", async (t) => {
  const folder = scratchFolder(t);
  const file = path.join(folder, "admin");
  const config = bootstrap([], [], adminAt(0));
  await startSluice(t, { config, folder, args: ["--admin-address-path", file] });
  const address = readFileSync(file, "utf8");
  assert.match(address, /^127\.0\.0\.1:[1-9]\d*$/);
  const ready = await fetch(`http://${address}/ready`);
  assert.deepEqual([ready.status, await ready.text()], [200, "LIVE\n"]);
});

test("POST /quitquitquit ends everything in order", async (t) => {
  const port = await freePort();
  const sluice = await startSluice(t, { config: bootstrap([], [], adminAt(port)) });
  const quit = await fetch(`http://127.0.0.1:${port}/quitquitquit`, { method: "POST" });
  assert.deepEqual([quit.status, await quit.text()], [200, "OK\n"]);
  assert.deepEqual(await sluice.ended(), { code: 0, signal: null });
});

test("a shutdown answers 503 to /ready, refuses connections, and lets the request in flight end", async (t) => {
  // An upstream that answers when the test says so.
  let answer: (() => void) | undefined;
  const upstream = http.createServer((_, response) => {
    answer = () => response.end("late");
  });
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  t.after(() => upstream.close());
  const upstreamPort = (upstream.address() as { port: number }).port;
  const [port, admin] = [await freePort(), await freePort()];
  const sluice = await startSluice(t, {
    config: bootstrap(
      [httpListener({ port })],
      [staticCluster("upstream", [upstreamPort])],
      adminAt(admin),
    ),
    args: ["--shutdown-grace-s", "30"],
  });
  const idle = await TestClient.connect(port);
  const busy = await TestClient.connect(port);
  busy.send(requestText());
  while (answer === undefined) await new Promise((resolve) => setTimeout(resolve, 5));

  sluice.child.kill("SIGTERM");
  await idle.untilClosed();
  const ready = await fetch(`http://127.0.0.1:${admin}/ready`);
  assert.deepEqual([ready.status, await ready.text()], [503, "DRAINING\n"]);
  await assert.rejects(TestClient.connect(port), { code: "ECONNREFUSED" });
  answer();
  const { status, body, headers } = parseAnswer(await busy.response());
  assert.deepEqual([status, body, headers.get("connection")], [200, "late", "close"]);
  await busy.untilClosed();
  assert.deepEqual(await sluice.ended(), { code: 0, signal: null });
});
