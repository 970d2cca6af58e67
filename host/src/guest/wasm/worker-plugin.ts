import type { Dispatcher } from "../../contracts/event.ts";
import type { Result } from "../../contracts/result.ts";
import type { WorkerContext } from "../../contracts/runtime.ts";
import type { WasmPluginConfig } from "./plugin-config.ts";
import { reconfigured } from "./plugin-key.ts";
import type { Plugin } from "./plugin.ts";
import type { RootContext } from "./proxy-wasm/root-context.ts";
import { type PluginHandle, type WasmRuntime, wasmRuntimeOf } from "./runtime.ts";

/** Two to the power of 32: what `uint32` stays below. */
const uint32Range = 0x1_0000_0000;

type Clock = Pick<Dispatcher, "time" | "random">;

/** One configured plugin on one worker, wherever it is used: does what its failure policy says. */
export class WorkerPlugin {
  readonly plugin: Plugin;
  readonly #runtime: WasmRuntime;
  readonly #clock: Clock;
  #handle: PluginHandle;
  #lastLoadMs: number;

  /** `handle`: what `runtime` gave for `plugin`. */
  constructor(runtime: WasmRuntime, plugin: Plugin, handle: PluginHandle, clock: Clock) {
    this.plugin = plugin;
    this.#runtime = runtime;
    this.#handle = handle;
    this.#clock = clock;
    this.#lastLoadMs = clock.time.monotonicMs();
  }

  /** Throws when the plugin, which has passed its canary run, does not start here. */
  static start(config: WasmPluginConfig, context: WorkerContext): WorkerPlugin {
    if (config.stage !== "prepared") throw new Error("the plugin was not prepared");
    const { plugin } = config;
    const runtime = wasmRuntimeOf(context);
    const acquired = runtime.acquire(plugin);
    if (!acquired.ok) {
      throw new Error(`Unable to create Wasm plugin ${plugin.settings.name}: ${acquired.error}`);
    }
    return new WorkerPlugin(runtime, plugin, acquired.value, context.dispatcher);
  }

  /** The same plugin with another configuration, in the same VM; to be disposed of on its own. */
  withConfiguration(configuration: Uint8Array): Result<WorkerPlugin, string> {
    const plugin = reconfigured(this.plugin, configuration);
    const acquired = this.#runtime.acquire(plugin);
    if (!acquired.ok) return acquired;
    const value = new WorkerPlugin(this.#runtime, plugin, acquired.value, this.#clock);
    return { ok: true, value };
  }

  /** The root context as it is; its VM may have failed. */
  get root(): RootContext {
    return this.#handle.root;
  }

  /**
   * What a new stream, connection or log entry gets. Undefined: it goes on without the plugin. One whose VM has
   * failed, or `refused`, for a plugin that takes too much of the worker: it must be refused.
   */
  rootForStream(): RootContext | "refused" | undefined {
    const { root } = this.#handle;
    if (root.vm.failure === undefined) {
      if (root.share === undefined || root.share.admits()) return root;
      return this.plugin.settings.failurePolicy === "open" ? undefined : "refused";
    }
    switch (this.plugin.settings.failurePolicy) {
      case "open":
        return undefined;
      case "reload":
        this.#reload(root);
        return this.#handle.root;
      case "closed":
        return root;
    }
  }

  dispose(): void {
    this.#handle.release();
  }

  /** A new VM instead of the failed one, unless the last was made a moment ago. */
  #reload({ vm }: RootContext): void {
    const { time, random } = this.#clock;
    const base = this.plugin.settings.reloadBackoffMs;
    const backoffMs = base + (base / 2) * (random.uint32() / uint32Range);
    const nowMs = time.monotonicMs();
    if (nowMs - this.#lastLoadMs < backoffMs) {
      vm.stats.reloadBackoff.inc();
      return;
    }
    this.#lastLoadMs = nowMs;
    const acquired = this.#runtime.acquire(this.plugin);
    if (!acquired.ok) {
      vm.stats.reloadFailure.inc();
      vm.environment.logger.error(
        `wasm: plugin ${this.plugin.settings.name} could not be reloaded: ${acquired.error}`,
      );
      return;
    }
    vm.stats.reloadSuccess.inc();
    this.#handle.release();
    this.#handle = acquired.value;
  }
}
