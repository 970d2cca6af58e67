import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { JsonObject } from "@bufbuild/protobuf";
import { type CallbackName, callbacks } from "@sluice/abi";
import { adminAt, statsBelow } from "../support/admin-stats.ts";
import { answeringWithTrailers, outcomeOf } from "../support/failing-callbacks-proxy.ts";
import {
  type Cause,
  causes,
  type FailingCallback,
  failingCallbacks,
  failingModule,
} from "../support/failing-callbacks.ts";
import { Neighbours } from "../support/neighbours.ts";
import { freePort } from "../support/ports.ts";
import { bootstrap, httpListener, staticCluster, wasmConfig } from "../support/proxy-config.ts";
import { TestUpstream } from "../support/router-server.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";
import { placesConfig } from "../support/wasm-places.ts";

// A trap and an endless loop in each callback of plugins without streams (access loggers, services, stats sinks), on
// the one worker that 50 connections of neighbours are at work on: these lose nothing, and no stream notices.

const waitMs = 60_000;
const folder = scratchFolder({ after });
const upstream = await TestUpstream.start(answeringWithTrailers);
after(() => upstream[Symbol.asyncDispose]());

type Place = "logger" | "service" | "sink";
interface RootCallback extends FailingCallback {
  readonly place: Place;
}

/** The plugin ticks, and `does` in each tick what the callback follows. */
function causedByTick({ data, starts, does }: Cause): string {
  return `${data}
    (func (export "proxy_on_configure") (param i32 i32) (result i32)
      ${starts} ${causes.proxy_on_tick.does} (i32.const 1))
    ${does === "" ? "" : `(func (export "proxy_on_tick") (param i32) ${does})`}`;
}

const any = { outcome: "any" } as const;
const failing: readonly RootCallback[] = [
  { ...any, place: "logger", name: "proxy_on_log" },
  { ...any, place: "sink", name: "envoy_on_stats_update" },
  {
    ...any,
    place: "service",
    name: "proxy_on_tick",
    more: causedByTick({ data: "", starts: "", does: "" }),
  },
  ...(["proxy_on_queue_ready", "proxy_on_http_call_response", "envoy_on_resolve_dns"] as const).map(
    (name): RootCallback => ({ ...any, place: "service", name, more: causedByTick(causes[name]) }),
  ),
];

const messages: Readonly<Record<Place, string>> = {
  logger: "envoy.extensions.access_loggers.wasm.v3.WasmAccessLog",
  service: "envoy.extensions.wasm.v3.WasmService",
  sink: "envoy.extensions.stat_sinks.wasm.v3.Wasm",
};
const names: Readonly<Record<Place, string>> = {
  logger: "envoy.access_loggers.wasm",
  service: "envoy.bootstrap.wasm",
  sink: "envoy.stat_sinks.wasm",
};

const places: Readonly<Record<Place, JsonObject[]>> = { logger: [], service: [], sink: [] };
const cases: { readonly plugin: string; readonly failure: "trap" | "loop" }[] = [];
for (const callback of failing) {
  for (const failure of ["trap", "loop"] as const) {
    const plugin = `${callback.name}.${failure}`;
    const file = path.join(folder, `${plugin}.wasm`);
    writeFileSync(file, await failingModule(callback, failure));
    const { config } = wasmConfig(file, { name: plugin, vm: { vm_id: plugin } });
    const { place } = callback;
    const typed = placesConfig(messages[place], config as JsonObject);
    places[place].push({ name: names[place], typed_config: typed });
    cases.push({ plugin, failure });
  }
}

const [port, adminPort] = [await freePort(), await freePort()];
const trailers = { http_protocol_options: { enable_trailers: true } };
await startSluice(
  { after },
  {
    folder,
    args: ["--concurrency", "1"],
    config: bootstrap(
      [httpListener({ port, hcm: { ...trailers, access_log: places.logger } })],
      [
        staticCluster("upstream", [upstream.port], {
          typed_extension_protocol_options: {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
              "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
              explicit_http_config: trailers,
            },
          },
        }),
      ],
      {
        ...adminAt(adminPort),
        bootstrap_extensions: places.service,
        stats_sinks: places.sink,
        stats_flush_interval: "0.2s",
      },
    ),
  },
);
const neighbours = await Neighbours.start(port, 50);
after(() => neighbours.stop());

for (const { plugin, failure } of cases) {
  test(`a ${failure} in ${plugin.split(".")[0]} of a plugin without streams costs nobody anything`, async () => {
    for (const deadline = performance.now() + waitMs; ; await sleep(50)) {
      await neighbours.ask();
      const stats = await statsBelow(adminPort, `sluice.wasm.${plugin}.`);
      if (stats.get("vm_failed") === 1) {
        assert.equal(stats.get("cpu_limit_exceeded") ?? 0, failure === "loop" ? 1 : 0);
        break;
      }
      assert.ok(performance.now() < deadline, `${plugin} has not failed`);
    }
    assert.equal(await outcomeOf(port), 200);
    await neighbours.ask();
  });
}

test("every callback of the table fails in one of these tests, or is never called", () => {
  const neverCalled = /grpc|foreign|validate/;
  const elsewhere = /vm_start|configure|^sluice_|connection|_data$|_(request|response)_metadata$/;
  const covered = new Set([...failing, ...failingCallbacks].map(({ name }) => name));
  for (const name of Object.keys(callbacks) as CallbackName[]) {
    if (neverCalled.test(name) || elsewhere.test(name)) continue;
    assert.ok(covered.has(name), name);
  }
});
