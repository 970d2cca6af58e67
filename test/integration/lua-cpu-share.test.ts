import assert from "node:assert/strict";
import { after, test } from "node:test";
import { adminAt, statsBelow } from "../support/admin-stats.ts";
import { TestClient } from "../support/hcm-server.ts";
import { ask } from "../support/http-exchange.ts";
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

// A script whose hooks each stay within their limit, and which saturates its worker all the same: streams beyond its
// share pass without it.

const upstream = await TestUpstream.start(
  answering((head) => ok(head.includes("\r\nx-burnt:") ? "burnt" : "passed")),
);
after(() => upstream[Symbol.asyncDispose]());
const [port, adminPort] = [await freePort(), await freePort()];
const burns = `
  function envoy_on_request(h)
    local start = os.clock()
    while os.clock() - start < 0.004 do end
    h:headers():add("x-burnt", "1")
  end`;
await startSluice(
  { after },
  {
    folder: scratchFolder({ after }),
    args: ["--concurrency", "1"],
    config: bootstrap(
      [httpListener({ port, filters: [httpFilter("burner", luaConfig(burns))] })],
      [staticCluster("upstream", [upstream.port])],
      {
        ...adminAt(adminPort),
        bootstrap_extensions: [
          {
            name: "sluice.guests",
            typed_config: {
              "@type": "type.googleapis.com/sluice.guests.v1.Guests",
              default_limits: {
                cpu_time_per_callback: "60s",
                max_cpu_share_percent: 5,
                cpu_share_loop_delay: "0.010s",
              },
            },
          },
        ],
      },
    ),
  },
);

test("streams pass without a script that has taken more than its share of a late worker", async () => {
  const clients = await Promise.all(Array.from({ length: 20 }, () => TestClient.connect(port)));
  const deadline = performance.now() + 60_000;
  let passed = 0;
  while (passed === 0) {
    assert.ok(performance.now() < deadline, "the script is over its share some time");
    const answers = await Promise.all(clients.map((client) => ask(client)));
    for (const { status, body } of answers) {
      assert.equal(status, 200);
      if (body === "passed") passed += 1;
    }
  }
  for (const client of clients) await client[Symbol.asyncDispose]();
  const stats = await statsBelow(adminPort, "sluice.lua.burner.");
  assert.ok(stats.get("cpu_share_exceeded")! > 0);
  assert.equal(stats.get("cpu_share_refused"), passed);
  const own = await statsBelow(adminPort, "http.main.lua.");
  assert.equal(own.get("errors"), 0);
  assert.ok(own.get("executions")! > 0);
});
