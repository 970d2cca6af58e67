import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { adminAt, statsBelow } from "../support/admin-stats.ts";
import { TestClient } from "../support/hcm-server.ts";
import { ask, askOnce } from "../support/http-exchange.ts";
import { freePort } from "../support/ports.ts";
import {
  bootstrap,
  httpFilter,
  httpListener,
  staticCluster,
  wasmConfig,
} from "../support/proxy-config.ts";
import { answering, ok, TestUpstream } from "../support/router-server.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";
import { guest } from "../support/wasm-guest.ts";

// A plugin whose calls each stay within their limit and which saturates a worker by their number: one worker, and a
// share that it goes over on any machine.

const connections = 24;
const waitMs = 60_000;

const folder = scratchFolder({ after });
const busyModule = path.join(folder, "busy.wasm");
writeFileSync(
  busyModule,
  await guest(`(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (local $i i32)
    (loop $again
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (i32.const 4000000))))
    (i32.const 0))`),
);
const idleModule = path.join(folder, "idle.wasm");
writeFileSync(idleModule, await guest(""));

const upstream = await TestUpstream.start(answering(() => ok("")));
after(() => upstream[Symbol.asyncDispose]());

const [closedPort, openPort, otherPort, admin] = [
  await freePort(),
  await freePort(),
  await freePort(),
  await freePort(),
];

function busy(name: string, port: number, policy: string) {
  const config = wasmConfig(busyModule, {
    name,
    vm: { vm_id: name },
    plugin: { failure_policy: policy },
  });
  return httpListener({ name, port, filters: [httpFilter("busy", config)] });
}

await startSluice(
  { after },
  {
    folder,
    args: ["--concurrency", "1"],
    config: bootstrap(
      [
        busy("closed", closedPort, "FAIL_CLOSED"),
        busy("open", openPort, "FAIL_OPEN"),
        httpListener({
          name: "other",
          port: otherPort,
          filters: [httpFilter("idle", wasmConfig(idleModule, { name: "idle" }))],
        }),
      ],
      [staticCluster("upstream", [upstream.port])],
      {
        ...adminAt(admin),
        bootstrap_extensions: [
          {
            name: "sluice.guests",
            typed_config: {
              "@type": "type.googleapis.com/sluice.guests.v1.Guests",
              default_limits: {
                cpu_time_per_callback: "30s",
                max_cpu_share_percent: 10,
                cpu_share_loop_delay: "0.010s",
              },
            },
          },
        ],
      },
    ),
  },
);

/** Asks on many connections until `enough`. */
async function load(port: number, enough: (status: number) => boolean | Promise<boolean>) {
  const deadline = performance.now() + waitMs;
  let done = false;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      await using client = await TestClient.connect(port);
      while (!done) {
        assert.ok(performance.now() < deadline, "nothing has changed");
        const { status } = await ask(client);
        if (await enough(status)) done = true;
      }
    }),
  );
}

test("a plugin over its share of a late worker is answered by its failure policy until it has fallen", async () => {
  await load(closedPort, (status) => status === 503);
  assert.equal((await askOnce(otherPort)).status, 200, "other plugins go on");
  const stats = await statsBelow(admin, "sluice.wasm.closed.");
  assert.ok(stats.get("cpu_share_exceeded")! > 0);
  assert.ok(stats.get("cpu_share_refused")! > 0);
  assert.equal(stats.get("vm_failed"), 0);
  const deadline = performance.now() + waitMs;
  while ((await askOnce(closedPort)).status !== 200) {
    assert.ok(performance.now() < deadline, "it is not used again");
    await sleep(50);
  }
});

test("a plugin over its share is left out where its failure policy is open", async () => {
  await load(openPort, async (status) => {
    assert.equal(status, 200);
    return (await statsBelow(admin, "sluice.wasm.open.")).get("cpu_share_refused")! > 0;
  });
  assert.equal((await statsBelow(admin, "sluice.wasm.idle.")).get("cpu_share_exceeded"), 0);
});
