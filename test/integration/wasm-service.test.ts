import assert from "node:assert/strict";
import net from "node:net";
import path from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { JsonObject } from "@bufbuild/protobuf";
import { adminAt, statsBelow } from "../support/admin-stats.ts";
import { sluice as runSluice } from "../support/command.ts";
import { askOnce } from "../support/http-exchange.ts";
import { freePort } from "../support/ports.ts";
import { bootstrap, httpListener, staticCluster } from "../support/proxy-config.ts";
import { answering, ok, TestUpstream } from "../support/router-server.ts";
import { type SluiceProcess, scratchFolder, startSluice } from "../support/sluice-process.ts";
import { failureSocket } from "../support/threads/failing-runtime.ts";
import {
  guestLines,
  placesConfig,
  placesModule,
  placesPlugin,
  untilGuestSays,
} from "../support/wasm-places.ts";

// Plugins beside the traffic, services and stats sinks, in the command itself. Envoy 1.40 passes the same tests.

const inEnvoy = process.env["SLUICE_UNDER_TEST"] !== undefined;
const folder = scratchFolder({ after });
const module = await placesModule(folder);
const rustModule = path.resolve(import.meta.dirname, "../fixtures/wasm/rust/root.wasm");
const upstream = await TestUpstream.start(answering((head) => ok(head.split(" ")[1]!)));
after(() => upstream[Symbol.asyncDispose]());

const messages = {
  service: "envoy.extensions.wasm.v3.WasmService",
  sink: "envoy.extensions.stat_sinks.wasm.v3.Wasm",
};

function service(
  name: string,
  commands: readonly string[],
  more: JsonObject = {},
  plugin: JsonObject = {},
  file = module,
): JsonObject {
  const config = placesPlugin(file, name, commands, plugin);
  return {
    name: "envoy.bootstrap.wasm",
    typed_config: placesConfig(messages.service, config, more),
  };
}

function sink(name: string, commands: readonly string[], plugin: JsonObject = {}): JsonObject {
  const config = placesPlugin(module, name, commands, plugin);
  return { name: "envoy.stat_sinks.wasm", typed_config: placesConfig(messages.sink, config) };
}

const port = await freePort();
const adminPort = await freePort();

const proxy = await startSluice(
  { after },
  {
    folder,
    args: ["--concurrency", "2", "--component-log-level", "wasm:info"],
    config: bootstrap([httpListener({ port })], [staticCluster("upstream", [upstream.port])], {
      ...adminAt(adminPort),
      bootstrap_extensions: [
        service(
          "single",
          [
            "tick 20",
            "count ticks_of_single",
            "call upstream",
            "queue items",
            "enqueue items hello",
            "property plugin_name",
            "property xds|node|id",
            "property request|path",
          ],
          { singleton: true },
        ),
        service("each", ["tick 20", "call upstream"]),
        service("rust", ["tick upstream"], { singleton: true }, {}, rustModule),
      ],
      stats_sinks: [
        sink("sink", ["stat http.main.downstream_rq_total", "stat server.concurrency"]),
      ],
      stats_flush_interval: "0.1s",
    }),
  },
);

const times = (of: SluiceProcess, plugin: string, line: string): number =>
  guestLines(of, plugin).filter((each) => each === line).length;

test("a singleton ticks, calls, and gets what is in its queue, once in the process", async () => {
  assert.deepEqual(await untilGuestSays(proxy, "single", "call_response"), [
    "call_response root /call",
  ]);
  await untilGuestSays(proxy, "single", "queue_ready root hello");
  assert.equal(times(proxy, "single", "tick root"), 1);
  assert.deepEqual(
    guestLines(proxy, "single").filter((line) => line.startsWith("property")),
    [
      "property tick plugin_name single",
      "property tick xds|node|id test-node",
      "property tick request|path (1)",
    ],
  );
  const custom = await statsBelow(adminPort, "wasmcustom.");
  assert.ok(custom.get("ticks_of_single")! >= 1);
});

test("a service written in Rust ticks and calls", async () => {
  await untilGuestSays(proxy, "rust", "called upstream true");
  await untilGuestSays(proxy, "rust", "answer 200 /rust");
});

test("a service that is no singleton runs on every worker", async () => {
  // Envoy has one more on its main thread.
  const count = inEnvoy ? 3 : 2;
  await untilGuestSays(proxy, "each", "tick root", count);
  await untilGuestSays(proxy, "each", "call_response root /call", count);
  assert.equal(times(proxy, "each", "tick root"), count);
});

test("a stats sink is shown counters with what is new of them, and gauges", async () => {
  await untilGuestSays(proxy, "sink", "gauge server.concurrency 2");
  for (let i = 0; i < 3; i += 1) await askOnce(port);
  const lines = await untilGuestSays(proxy, "sink", "counter http.main.downstream_rq_total 3 ");
  // What was new in the updates so far is all that there is.
  const known = guestLines(proxy, "sink").filter((line) =>
    line.startsWith("counter http.main.downstream_rq_total"),
  );
  let sum = 0;
  for (const line of known) sum += Number(line.split(" ")[3]);
  // (Envoy may have flushed what it does not show.)
  if (!inEnvoy) assert.equal(sum, 3, lines.join());
  await untilGuestSays(proxy, "sink", "counter http.main.downstream_rq_total 3 0");
});

test("stats_flush_on_admin flushes when somebody looks, and only then", async (t) => {
  const ownAdmin = await freePort();
  const own = await startSluice(t, {
    args: ["--concurrency", "1", "--component-log-level", "wasm:info"],
    config: bootstrap([], [], {
      ...adminAt(ownAdmin),
      stats_sinks: [sink("asked", [])],
      stats_flush_on_admin: true,
    }),
  });
  const updates = (): number => times(own, "asked", "stats_update root");
  const before = updates();
  await statsBelow(ownAdmin, "");
  await untilGuestSays(own, "asked", "stats_update root", before + 1);
  await statsBelow(ownAdmin, "");
  await untilGuestSays(own, "asked", "stats_update root", before + 2);
  assert.equal(updates(), before + 2);
});

test("services are told of the end", { skip: inEnvoy }, async () => {
  await proxy.stop();
  assert.equal(times(proxy, "single", "done root"), 1);
  assert.equal(times(proxy, "each", "delete root"), 2);
});

test(
  "services and sinks that do not start are configuration errors",
  { skip: inEnvoy },
  async () => {
    const config = bootstrap([], [], {
      bootstrap_extensions: [service("refusing", ["refuse"])],
      stats_sinks: [sink("trapping", ["trap configure"])],
    });
    const { code, stderr } = await runSluice(
      "--config-yaml",
      JSON.stringify(config),
      "--mode=validate",
    );
    assert.equal(code, 78);
    assert.match(
      stderr,
      /Unable to create Wasm plugin refusing: proxy_on_configure returned false/,
    );
    assert.match(stderr, /Unable to create Wasm plugin trapping: .*proxy_on_configure failed/);
  },
);

test(
  "a service and a sink that trap are loaded anew, or stay away",
  { skip: inEnvoy },
  async (t) => {
    const reload: JsonObject = { failure_policy: "FAIL_RELOAD" };
    const own = await startSluice(t, {
      args: ["--concurrency", "1", "--component-log-level", "wasm:info"],
      config: bootstrap([], [], {
        bootstrap_extensions: [
          service("reloaded", ["tick 10", "trap tick"], {}, reload),
          service("closed", ["tick 10", "trap tick"]),
        ],
        stats_sinks: [sink("sink-closed", ["trap stats_update"])],
        stats_flush_interval: "0.1s",
      }),
    });
    await untilGuestSays(own, "reloaded", "tick root", 2);
    await untilGuestSays(own, "sink-closed", "stats_update root");
    assert.equal(times(own, "closed", "tick root"), 1);
    assert.equal(times(own, "sink-closed", "stats_update root"), 1);
  },
);

test("what exists once starts again when its worker is replaced", { skip: inEnvoy }, async (t) => {
  const ownFolder = scratchFolder(t);
  const program = fileURLToPath(new URL("../support/threads/failing-sluice.ts", import.meta.url));
  const own = await startSluice(t, {
    folder: ownFolder,
    program: [process.execPath, "-C", "sluice-source", program],
    args: ["--concurrency", "2", "--component-log-level", "wasm:info"],
    env: { SLUICE_TEST_FOLDER: ownFolder },
    mayLoseWorkers: true,
    config: bootstrap([], [], {
      bootstrap_extensions: [service("once", ["tick 10"], { singleton: true })],
      stats_sinks: [sink("once-sink", [])],
      stats_flush_interval: "0.1s",
    }),
  });
  await untilGuestSays(own, "once", "tick root");
  await untilGuestSays(own, "once-sink", "stats_update root");
  net
    .connect(failureSocket(ownFolder, 0))
    .on("error", () => undefined)
    .end("exit");
  await own.untilLogged(/worker_0 replaced after \d+ ms/);
  await untilGuestSays(own, "once", "tick root", 2);
  const updates = times(own, "once-sink", "stats_update root");
  await untilGuestSays(own, "once-sink", "stats_update root", updates + 1);
  assert.equal(times(own, "once", "tick root"), 2);
});
