import assert from "node:assert/strict";
import { after, test } from "node:test";
import { TestClient } from "../support/hcm-server.ts";
import { ask, askOnce } from "../support/http-exchange.ts";
import { luaAttacks } from "../support/lua-attacks.ts";
import { freePort } from "../support/ports.ts";
import {
  bootstrap,
  httpFilter,
  httpListener,
  luaConfig,
  staticCluster,
} from "../support/proxy-config.ts";
import { answering, ok, TestUpstream } from "../support/router-server.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";

// Scripts that mean harm, each on the same worker as its neighbours: its stream passes, as after any script error, the
// script works again, and the neighbours lose nothing. Times are printed by test/tools/lua-limits.ts, not asserted.

const hooks = luaAttacks.map(([, code], i) => `[${i}] = function(h) ${code} end`).join(",\n");
const script = `
count = 0
local attacks = { ${hooks} }
function envoy_on_request(h)
  local attack = h:headers():get("x-attack")
  if attack then attacks[tonumber(attack)](h) end
  count = count + 1
  h:headers():replace("x-count", count)
end`;

const upstream = await TestUpstream.start(
  answering((head) => ok(/\r\nx-count: ([^\r]*)/.exec(head)?.[1] ?? "passed")),
);
after(() => upstream[Symbol.asyncDispose]());
const [port, quietPort] = [await freePort(), await freePort()];
const own = httpFilter(
  "quiet",
  luaConfig("function envoy_on_request(h) h:headers():add('x-count', 'quiet') end"),
);
const sluice = await startSluice(
  { after },
  {
    folder: scratchFolder({ after }),
    args: ["--concurrency", "1"],
    config: bootstrap(
      [
        httpListener({ port, filters: [httpFilter("hostile", luaConfig(script))] }),
        httpListener({ name: "quiet", port: quietPort, filters: [own] }),
      ],
      [staticCluster("upstream", [upstream.port])],
    ),
  },
);

const neighbours = 10;
const requestsOfEach = 3;

/** Requests of neighbours on connections of their own, while somebody attacks. */
async function neighboursAnswers(clients: readonly TestClient[]): Promise<string[]> {
  const answers = clients.map(async (client) => {
    const bodies: string[] = [];
    for (let i = 0; i < requestsOfEach; i += 1) bodies.push((await ask(client)).body);
    return bodies;
  });
  return (await Promise.all(answers)).flat();
}

for (const [index, [what]] of luaAttacks.entries()) {
  test(`the proxy survives ${what}`, async () => {
    const clients = await Promise.all(
      Array.from({ length: neighbours }, () => TestClient.connect(quietPort)),
    );
    const before = Number((await askOnce(port)).body);
    const [attacked, quiet] = await Promise.all([
      askOnce(port, { headers: { "x-attack": String(index) } }),
      neighboursAnswers(clients),
    ]);
    for (const client of clients) await client[Symbol.asyncDispose]();
    assert.equal(attacked.status, 200, "the stream passes");
    assert.equal(attacked.body, "passed", "the hook was ended");
    assert.deepEqual(
      quiet,
      Array.from({ length: neighbours * requestsOfEach }, () => "quiet"),
    );
    const next = Number((await askOnce(port)).body);
    // Out of time, the state is replaced; out of memory, it lives on. Which comes first is the machine's business.
    assert.ok(next === 1 || next === before + 1, `${before}, then ${next}`);
    assert.equal(sluice.exit, undefined);
  });
}
