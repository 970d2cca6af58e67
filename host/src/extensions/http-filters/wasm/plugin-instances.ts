import type { Dispatcher } from "../../../contracts/event.ts";
import type {
  FilterChainFactoryCallbacks,
  HttpFilterInstances,
} from "../../../contracts/http/filter.ts";
import type { Plugin } from "../../../guest/wasm/plugin.ts";
import type { RootContext } from "../../../guest/wasm/proxy-wasm/root-context.ts";
import type { PluginHandle, WasmRuntime } from "../../../guest/wasm/runtime.ts";
import { reconfigured } from "../../../guest/wasm/plugin-key.ts";
import type { WasmRouteConfig } from "./route-config.ts";
import { type RouteRoot, type RouteRoots, WasmFilter } from "./wasm-filter.ts";

/** Two to the power of 32: what `uint32` stays below. */
const uint32Range = 0x1_0000_0000;

/** One configured plugin on one worker: makes its filters, and does what its failure policy says. */
export class PluginInstances implements HttpFilterInstances, RouteRoots {
  readonly #runtime: WasmRuntime;
  readonly #plugin: Plugin;
  readonly #dispatcher: Pick<Dispatcher, "time" | "random">;
  #handle: PluginHandle;
  #lastLoadMs: number;
  /** What routes made of the plugin; undefined: that could not be started. */
  readonly #ofRoutes = new Map<WasmRouteConfig, PluginInstances | undefined>();

  constructor(
    runtime: WasmRuntime,
    plugin: Plugin,
    handle: PluginHandle,
    dispatcher: Pick<Dispatcher, "time" | "random">,
  ) {
    this.#runtime = runtime;
    this.#plugin = plugin;
    this.#handle = handle;
    this.#dispatcher = dispatcher;
    this.#lastLoadMs = dispatcher.time.monotonicMs();
  }

  createFilters(callbacks: FilterChainFactoryCallbacks): void {
    const root = this.#rootForStream();
    if (root === undefined) return;
    const filter = new WasmFilter(root, this);
    callbacks.addStreamFilter(filter);
    if (root.vm.exports.onLog === undefined) return;
    callbacks.addAccessLogHandler((streamInfo) => filter.onLog(streamInfo));
  }

  rootOfRoute(config: unknown): RouteRoot {
    const route = config as WasmRouteConfig;
    if (route.disabled) return undefined;
    const known = this.#ofRoutes.get(route);
    const variant = known ?? this.#variantOf(route);
    if (variant !== undefined) return variant.#rootForStream();
    return this.#plugin.settings.failurePolicy === "open" ? undefined : "failed";
  }

  /** Started at the first request; what cannot be started is not tried again. */
  #variantOf(route: WasmRouteConfig & { readonly disabled: false }): PluginInstances | undefined {
    if (this.#ofRoutes.has(route)) return undefined;
    const plugin = reconfigured(this.#plugin, route.configuration);
    const acquired = this.#runtime.acquire(plugin);
    if (!acquired.ok) {
      const { name } = plugin.settings;
      this.#handle.root.vm.environment.logger.error(
        `wasm: plugin ${name} cannot be used with the configuration of a route: ${acquired.error}`,
      );
    }
    const variant = acquired.ok
      ? new PluginInstances(this.#runtime, plugin, acquired.value, this.#dispatcher)
      : undefined;
    this.#ofRoutes.set(route, variant);
    return variant;
  }

  dispose(): void {
    for (const variant of this.#ofRoutes.values()) variant?.dispose();
    this.#handle.release();
  }

  /** Undefined: the stream goes on without the plugin. A failed one answers 503. */
  #rootForStream(): RootContext | undefined {
    const { root } = this.#handle;
    if (root.vm.failure === undefined) return root;
    switch (this.#plugin.settings.failurePolicy) {
      case "open":
        return undefined;
      case "reload":
        this.#reload(root);
        return this.#handle.root;
      case "closed":
        return root;
    }
  }

  /** A new VM instead of the failed one, unless the last was made a moment ago. */
  #reload({ vm }: RootContext): void {
    const { time, random } = this.#dispatcher;
    const base = this.#plugin.settings.reloadBackoffMs;
    const backoffMs = base + (base / 2) * (random.uint32() / uint32Range);
    const nowMs = time.monotonicMs();
    if (nowMs - this.#lastLoadMs < backoffMs) {
      vm.stats.reloadBackoff.inc();
      return;
    }
    this.#lastLoadMs = nowMs;
    const acquired = this.#runtime.acquire(this.#plugin);
    if (!acquired.ok) {
      vm.stats.reloadFailure.inc();
      vm.environment.logger.error(
        `wasm: plugin ${this.#plugin.settings.name} could not be reloaded: ${acquired.error}`,
      );
      return;
    }
    vm.stats.reloadSuccess.inc();
    this.#handle.release();
    this.#handle = acquired.value;
  }
}
