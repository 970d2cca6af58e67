import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { assemblyScript } from "../support/assemblyscript.ts";
import { TestClient } from "../support/hcm-server.ts";
import { ask, requestText } from "../support/http-exchange.ts";
import { freePort } from "../support/ports.ts";
import {
  bootstrap,
  httpListener,
  luaConfig,
  staticCluster,
  wasmConfig,
} from "../support/proxy-config.ts";
import { PushedFilter } from "../support/pushed-filter.ts";
import { answering, ok, TestUpstream } from "../support/router-server.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";

const script = (version: string): ReturnType<typeof luaConfig> =>
  luaConfig(`function envoy_on_response(handle) handle:headers():add("x-lua", "${version}") end`);

test("a killed data plane costs the requests in flight and nothing else", async (t) => {
  const folder = scratchFolder(t);
  const module = path.join(folder, "hello.wasm");
  writeFileSync(module, await assemblyScript("sample-filters/hello/assembly/index.ts"));
  await using upstream = await TestUpstream.start(
    answering((head) => (head.startsWith("GET /held ") ? "" : ok("answer"))),
  );
  const wasm = new PushedFilter(folder, "wasm", ["wasm"], wasmConfig(module));
  const lua = new PushedFilter(folder, "lua", ["lua"], script("first"));
  const port = await freePort();
  const sluice = await startSluice(t, {
    folder,
    args: ["--concurrency", "2"],
    config: bootstrap(
      [httpListener({ port, filters: [wasm.entry(), lua.entry()] })],
      [staticCluster("upstream", [upstream.port])],
    ),
  });
  await lua.push(sluice, "2", script("second"));

  await using held = await TestClient.connect(port);
  held.send(requestText({ path: "/held" }));
  let stop = false;
  const counts = { answered: 0, lost: 0, refused: 0 };
  const wrong: string[] = [];
  // A connection per request: each has to be accepted by somebody.
  const load = async (): Promise<void> => {
    while (!stop) {
      try {
        await using client = await TestClient.connect(port);
        const { status, headers, body } = await ask(client);
        const got = `${status} ${headers.get("x-hello-wasm")} ${headers.get("x-lua")} ${body}`;
        if (got !== "200 hello, world second answer") wrong.push(got);
        counts.answered += 1;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ECONNREFUSED") counts.refused += 1;
        else counts.lost += 1;
      }
    }
  };
  const clients = Array.from({ length: 8 }, load);
  const kills = 2;
  for (let kill = 1; kill <= kills; kill += 1) {
    const enough = counts.answered + 50;
    while (counts.answered < enough) await new Promise((resolve) => setTimeout(resolve, 1));
    process.kill(sluice.dataPlanePid!, "SIGKILL");
    await sluice.ready(kill + 1);
  }
  const enough = counts.answered + 50;
  while (counts.answered < enough) await new Promise((resolve) => setTimeout(resolve, 1));
  stop = true;
  await Promise.all(clients);
  await held.untilClosed();

  assert.deepEqual(wrong, [], "the versions of before are in force, or the request is lost");
  assert.equal(counts.refused, 0, "the port is open all the time");
  assert.ok(
    counts.lost <= kills * clients.length,
    `only requests in flight are lost: ${counts.lost}`,
  );
  assert.match(sluice.stderr, /the data plane died of SIGKILL; starting it again now\n/);
  await lua.push(sluice, "3", script("third"));
  await using client = await TestClient.connect(port);
  assert.equal((await ask(client)).headers.get("x-lua"), "third", "pushes go on");
  assert.deepEqual(await sluice.stop(), { code: 0, signal: null });
});
