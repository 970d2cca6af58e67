import assert from "node:assert/strict";
import { before, test } from "node:test";
import { PluginInstances } from "../../../../../host/src/extensions/http-filters/wasm/plugin-instances.ts";
import { startedOf, WorkerPlugin } from "../../../../../host/src/guest/wasm/worker-plugin.ts";
import type { PluginSettings } from "../../../../../host/src/guest/wasm/plugin.ts";
import type { Route } from "../../../../../host/src/contracts/router/route.ts";
import type { WasmRouteConfig } from "../../../../../host/src/extensions/http-filters/wasm/route-config.ts";
import { assemblyScript } from "../../../../support/assemblyscript.ts";
import { collectGarbage } from "../../../../support/collected.ts";
import { FilterHarness, requestHead } from "../../../../support/filter-harness.ts";
import { pluginSettings, WasmHost } from "../../../../support/wasm.ts";
import { guest, loggingCallbacks } from "../../../../support/wasm-guest.ts";

let probe: Uint8Array;
before(async () => {
  probe = await assemblyScript("test/fixtures/wasm/assembly/probe.ts");
});

/** One plugin under a failure policy. */
class Policy {
  readonly host: WasmHost;
  instances!: PluginInstances;

  constructor(host: WasmHost = new WasmHost()) {
    this.host = host;
  }

  static async of(failure: Partial<PluginSettings>): Promise<Policy> {
    const policy = new Policy();
    const { host } = policy;
    const { name: _name, configuration: _configuration, vm: _vm, ...changes } = failure;
    policy.instances = new PluginInstances(await host.start(probe, pluginSettings(changes)));
    return policy;
  }

  stream(told = ""): FilterHarness {
    return new FilterHarness({
      filters: ["W"],
      instances: { W: this.instances },
      dispatcher: this.host.dispatcher,
      requestHeaders: requestHead(["x-do", told]),
    });
  }

  /** Sends a request that the terminal filter answers 200, if it comes there: the status. */
  status(told = ""): string | undefined {
    const stream = this.stream(told);
    stream.request(true);
    if (stream.responseHeaders === undefined) stream.respond(true);
    return stream.responseHeaders!.get(":status");
  }

  /** Successes, failures and back-offs of reloading. */
  get reloads(): number[] {
    const { reloadSuccess, reloadFailure, reloadBackoff } = this.host.stats;
    return [reloadSuccess.value, reloadFailure.value, reloadBackoff.value];
  }
}

test("FAIL_CLOSED answers 503 from the trap on", async () => {
  const policy = await Policy.of({ failurePolicy: "closed" });
  assert.equal(policy.status(), "200");
  assert.equal(policy.status("request-headers=trap"), "503");
  policy.host.dispatcher.advance(10_000);
  assert.equal(policy.status(), "503");
  assert.deepEqual(policy.reloads, [0, 0, 0]);
});

test("FAIL_OPEN answers live streams 503 and leaves later ones alone", async () => {
  const policy = await Policy.of({ failurePolicy: "open" });
  const waiting = policy.stream("request-headers=stop");
  waiting.request(true);
  assert.equal(policy.status("request-headers=trap"), "503");
  policy.host.dispatcher.runPosted();
  assert.equal(waiting.responseHeaders?.get(":status"), "503");
  assert.equal(policy.status("request-headers=trap"), "200", "nobody traps any more");
});

test("fail_open lets live streams go on as well", async () => {
  const policy = await Policy.of({ failurePolicy: "open", liveStreamsGoOn: true });
  const waiting = policy.stream("request-headers=stop");
  waiting.request(true);
  const passing = policy.stream("response-headers=add");
  passing.request(true);
  assert.equal(policy.status("request-headers=trap"), "200");
  policy.host.dispatcher.runPosted();
  waiting.respond(true);
  assert.equal(waiting.responseHeaders!.get(":status"), "200");
  passing.respond(true);
  assert.equal(passing.responseHeaders!.get("x-probe"), undefined);
  assert.equal(policy.status(), "200");
});

test("FAIL_RELOAD makes a new VM for the next stream, but not sooner than the back-off", async () => {
  const policy = await Policy.of({ failurePolicy: "reload", reloadBackoffMs: 1000 });
  const { host } = policy;
  assert.equal(policy.status("request-headers=trap"), "503");
  assert.equal(policy.status(), "503");
  assert.deepEqual(policy.reloads, [0, 0, 1]);
  host.dispatcher.advance(2000);
  assert.equal(policy.status(), "200");
  assert.deepEqual(policy.reloads, [1, 0, 1]);
  assert.equal(host.runtime.vmCount, 1);
  assert.equal(host.stats.active.value, 1);
  assert.equal(policy.status("request-headers=trap"), "503");
  assert.equal(policy.status(), "503");
  host.dispatcher.advance(2000);
  assert.equal(policy.status(), "200");
  assert.deepEqual(policy.reloads, [2, 0, 2]);
  policy.instances.dispose();
  assert.equal(host.runtime.vmCount, 0);
  assert.equal(host.stats.active.value, 0);
});

test("FAIL_RELOAD adds up to half of the back-off by chance", async () => {
  for (const [chance, backoffMs] of [
    [0, 1000],
    [0xffff_ffff, 1500],
  ] as const) {
    const host = new WasmHost();
    const settings = pluginSettings({ failurePolicy: "reload", reloadBackoffMs: 1000 });
    const handle = await host.load(probe, settings);
    const { runtime, dispatcher } = host;
    const clock = { time: dispatcher.time, random: { uint32: () => chance, uuid: () => "" } };
    const started = startedOf(runtime, handle.root.plugin, handle);
    const policy = new Policy(host);
    policy.instances = new PluginInstances(new WorkerPlugin(settings, started, clock));
    assert.equal(policy.status("request-headers=trap"), "503");
    dispatcher.advance(backoffMs - 10);
    assert.equal(policy.status(), "503");
    dispatcher.advance(10);
    assert.equal(policy.status(), "200");
  }
});

test("FAIL_RELOAD counts a plugin that does not start again, and tries again later", async () => {
  const host = new WasmHost();
  const code = await guest(`(data (i32.const 0) "k")
    (func (export "proxy_on_configure") (param i32 i32) (result i32)
      (i32.ne (i32.const 0) (call $proxy_get_shared_data
        (i32.const 0) (i32.const 1) (i32.const 16) (i32.const 20) (i32.const 24))))
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (drop (call $proxy_set_shared_data (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 0)))
      unreachable)`);
  const settings = pluginSettings({ failurePolicy: "reload", reloadBackoffMs: 1000 });
  const policy = new Policy(host);
  policy.instances = new PluginInstances(await host.start(code, settings));
  for (let i = 0; i < 3; i += 1) {
    assert.equal(policy.status(), "503");
    assert.deepEqual(policy.reloads, [0, i, 0]);
    host.dispatcher.advance(2000);
  }
  const errors = host.logger.take().filter((line) => line.includes("could not be reloaded"));
  assert.deepEqual(errors, [
    "error wasm: plugin plugin could not be reloaded: proxy_on_configure returned false",
    "error wasm: plugin plugin could not be reloaded: proxy_on_configure returned false",
  ]);
  policy.instances.dispose();
  assert.equal(host.runtime.vmCount, 0);
});

/** Logs its configuration, and refuses an empty one. */
const configured = `${loggingCallbacks("proxy_on_request_headers", "proxy_on_log", "proxy_on_delete")}
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $proxy_get_buffer_bytes (i32.const 7) (i32.const 0) (i32.const -1) (i32.const 1000) (i32.const 1004)))
    (drop (call $proxy_log (i32.const 1) (i32.load (i32.const 1000)) (i32.load (i32.const 1004))))
    (local.get 1))`;

async function onRoutes(failurePolicy: "closed" | "open"): Promise<{
  readonly host: WasmHost;
  readonly instances: PluginInstances;
  readonly status: (route?: WasmRouteConfig) => string | undefined;
}> {
  const host = new WasmHost();
  const settings = pluginSettings({ configuration: "base", failurePolicy });
  const instances = new PluginInstances(await host.start(await guest(configured), settings));
  host.logger.take();
  const status = (config?: WasmRouteConfig): string | undefined => {
    const route = { perFilterConfig: () => config, filterDisabled: () => undefined };
    const stream = new FilterHarness({
      filters: ["W"],
      instances: { W: instances },
      dispatcher: host.dispatcher,
      route: route as unknown as Route,
    });
    stream.request(true);
    if (stream.responseHeaders === undefined) stream.respond(true);
    return stream.responseHeaders!.get(":status");
  };
  return { host, instances, status };
}

const forRoute = (text: string): WasmRouteConfig => ({
  disabled: false,
  configuration: Buffer.from(text),
});

test("a route's configuration gets a root context of its own, in the same VM", async () => {
  const { host, instances, status } = await onRoutes("closed");
  const route = forRoute("route");
  assert.equal(status(route), "200");
  assert.equal(status(route), "200");
  assert.equal(status(), "200");
  const lines = host.logger.take();
  assert.equal(lines.filter((line) => line === "debug wasm log: route").length, 1);
  assert.equal(lines.filter((line) => line.includes("proxy_on_request_headers")).length, 3);
  assert.equal(host.runtime.vmCount, 1);
  instances.dispose();
  assert.deepEqual(
    host.logger.take().map((line) => line.slice(0, -1)),
    ["info wasm log: proxy_on_delete ", "info wasm log: proxy_on_delete "],
  );
  assert.equal(host.runtime.vmCount, 0);
});

test("a route's root context goes when the route is gone and its last stream has ended", async () => {
  const { host, instances } = await onRoutes("closed");
  const begin = (): FilterHarness => {
    const config = forRoute("route");
    const route = { perFilterConfig: () => config, filterDisabled: () => undefined };
    const stream = new FilterHarness({
      filters: ["W"],
      instances: { W: instances },
      dispatcher: host.dispatcher,
      route: route as unknown as Route,
    });
    return stream.request(true);
  };
  const deleted = (): number =>
    host.logger.take().filter((line) => line.includes("proxy_on_delete")).length;
  const goneAfter = async (stream: FilterHarness | undefined): Promise<number> => {
    stream?.respond(true);
    await collectGarbage();
    return deleted();
  };
  let stream: FilterHarness | undefined = begin();
  await collectGarbage();
  assert.equal(deleted(), 0, "a stream uses it");
  const ended = goneAfter(stream);
  stream = undefined;
  let gone = await ended;
  for (let tries = 0; gone < 2 && tries < 200; tries += 1) gone += await goneAfter(undefined);
  assert.equal(gone, 2, "its stream's context, and its own");
  assert.equal(host.runtime.vmCount, 1);
  instances.dispose();
  assert.equal(deleted(), 1, "the plugin's");
});

test("a route that disables the plugin makes no context", async () => {
  const { host, status } = await onRoutes("closed");
  assert.equal(status({ disabled: true }), "200");
  assert.deepEqual(host.logger.take(), []);
});

test("a route's configuration that the guest refuses follows the failure policy, and is reported once", async () => {
  const bad = forRoute("");
  const closed = await onRoutes("closed");
  assert.equal(closed.status(bad), "503");
  assert.equal(closed.status(bad), "503");
  assert.equal(closed.status(), "200");
  const errors = closed.host.logger.take().filter((line) => line.startsWith("error"));
  assert.deepEqual(errors, [
    "error wasm: plugin plugin cannot be used with the configuration of a route: proxy_on_configure returned false",
  ]);
  const open = await onRoutes("open");
  assert.equal(open.status(bad), "200");
});
