import type { Dispatcher } from "../../contracts/event.ts";
import type { Result } from "../../contracts/result.ts";
import type { WorkerContext } from "../../contracts/runtime.ts";
import { guestReportsOf } from "../watch/guest-reports.ts";
import type { WasmPluginConfig } from "./plugin-config.ts";
import type { FilterDescription } from "./filter-description.ts";
import { reconfigured } from "./plugin-key.ts";
import { codelessReport } from "./plugin-report.ts";
import type { Plugin, PluginSettings } from "./plugin.ts";
import type { PluginStats } from "./stats.ts";
import type { RootContext } from "./proxy-wasm/root-context.ts";
import { type PluginHandle, type WasmRuntime, wasmRuntimeOf } from "./runtime.ts";

/** Two to the power of 32: what `uint32` stays below. */
const uint32Range = 0x1_0000_0000;

type Clock = Pick<Dispatcher, "time" | "random">;

interface Started {
  readonly runtime: WasmRuntime;
  readonly plugin: Plugin;
  /** What `runtime` gave for `plugin`. */
  readonly handle: PluginHandle;
  readonly stats: PluginStats;
}

/** `handle`: what `runtime` gave for `plugin`. */
export function startedOf(runtime: WasmRuntime, plugin: Plugin, handle: PluginHandle): Started {
  return { runtime, plugin, handle, stats: runtime.statsOf(plugin) };
}

/** One configured plugin on one worker, wherever it is used: does what its failure policy says. */
export class WorkerPlugin {
  readonly settings: PluginSettings;
  readonly #started: Started | undefined;
  readonly #clock: Clock;
  #handle: PluginHandle | undefined;
  #lastLoadMs: number;
  #stopReporting: () => void = () => {};

  /** Without `started`, the plugin has no code, and its failure policy decides about all streams. */
  constructor(settings: PluginSettings, started: Started | undefined, clock: Clock) {
    this.settings = settings;
    this.#started = started;
    this.#handle = started?.handle;
    this.#clock = clock;
    this.#lastLoadMs = clock.time.monotonicMs();
  }

  /** Rejects when the plugin, which has passed its canary run, does not start here. */
  static async start(config: WasmPluginConfig, context: WorkerContext): Promise<WorkerPlugin> {
    if (config.stage === "parsed") throw new Error("the plugin was not prepared");
    if (config.stage === "unavailable") {
      const { settings } = config;
      const plugin = new WorkerPlugin(settings, undefined, context.dispatcher);
      plugin.#stopReporting = guestReportsOf(context).addPlugins(() => [codelessReport(settings)]);
      return plugin;
    }
    const { plugin } = config;
    const runtime = wasmRuntimeOf(context);
    const { dispatcher } = context;
    const acquired = await runtime.acquireInSteps(
      plugin,
      () => new Promise((resolve) => dispatcher.post(resolve)),
    );
    if (!acquired.ok) {
      throw new Error(`Unable to create Wasm plugin ${plugin.settings.name}: ${acquired.error}`);
    }
    const started = startedOf(runtime, plugin, acquired.value);
    return new WorkerPlugin(plugin.settings, started, dispatcher);
  }

  /** The same plugin with another configuration, in the same VM; to be disposed of on its own. */
  withConfiguration(configuration: Uint8Array): Result<WorkerPlugin, string> {
    if (this.#started === undefined) return { ok: false, error: "its code is not there" };
    const { runtime } = this.#started;
    const plugin = reconfigured(this.#started.plugin, configuration);
    const acquired = runtime.acquire(plugin);
    if (!acquired.ok) return acquired;
    const started = startedOf(runtime, plugin, acquired.value);
    return { ok: true, value: new WorkerPlugin(plugin.settings, started, this.#clock) };
  }

  /** Undefined: there is no code, or it says nothing of itself. */
  get description(): FilterDescription | undefined {
    return this.#started?.plugin.module.description;
  }

  /** The root context as it is; its VM may have failed. Undefined: there is no code. */
  get root(): RootContext | undefined {
    return this.#handle?.root;
  }

  /**
   * What a new stream, connection or log entry gets. Undefined: it goes on without the plugin. One whose VM has
   * failed, or `refused`, for a plugin that takes too much of the worker: it must be refused.
   */
  rootForStream(): RootContext | "refused" | undefined {
    const root = this.#handle?.root;
    const { failurePolicy } = this.settings;
    if (root === undefined) return failurePolicy === "open" ? undefined : "refused";
    if (root.vm.failure === undefined) {
      if (root.share === undefined || root.share.admits()) return root;
      return failurePolicy === "open" ? undefined : "refused";
    }
    switch (failurePolicy) {
      case "open":
        return undefined;
      case "reload":
        this.#reload(root, this.#started!);
        return this.#handle!.root;
      case "closed":
        return root;
    }
  }

  dispose(): void {
    this.#stopReporting();
    this.#handle?.release();
  }

  /** A new VM instead of the failed one, unless the last was made a moment ago. */
  #reload({ vm }: RootContext, { runtime, plugin, stats }: Started): void {
    const { time, random } = this.#clock;
    const base = this.settings.reloadBackoffMs;
    const backoffMs = base + (base / 2) * (random.uint32() / uint32Range);
    const nowMs = time.monotonicMs();
    if (nowMs - this.#lastLoadMs < backoffMs) {
      stats.reloadBackoff.inc();
      return;
    }
    this.#lastLoadMs = nowMs;
    const acquired = runtime.acquire(plugin);
    if (!acquired.ok) {
      stats.reloadFailure.inc();
      vm.environment.logger.error(
        `wasm: plugin ${this.settings.name} could not be reloaded: ${acquired.error}`,
      );
      return;
    }
    stats.reloadSuccess.inc();
    this.#handle?.release();
    this.#handle = acquired.value;
  }
}
