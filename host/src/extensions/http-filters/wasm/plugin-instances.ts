import type {
  FilterChainFactoryCallbacks,
  HttpFilterInstances,
} from "../../../contracts/http/filter.ts";
import { messageTaps } from "../../../guest/watch/message-taps.ts";
import type { WorkerPlugin } from "../../../guest/wasm/worker-plugin.ts";
import { RefusingFilter } from "./refusing-filter.ts";
import type { WasmRouteConfig } from "./route-config.ts";
import { RouteVariants } from "./route-variants.ts";
import { type StreamPredicate, streamPredicate } from "./stream-predicate.ts";
import { type RouteRoot, type RouteRoots, WasmFilter } from "./wasm-filter.ts";

/** One configured plugin on one worker: makes its filters, also as routes configure it. */
export class PluginInstances implements HttpFilterInstances, RouteRoots {
  readonly #plugin: WorkerPlugin;
  readonly predicate: StreamPredicate | undefined;
  readonly #ofRoutes: RouteVariants;

  constructor(plugin: WorkerPlugin) {
    this.#plugin = plugin;
    this.#ofRoutes = new RouteVariants(plugin);
    this.predicate = streamPredicate(plugin.description?.predicate);
  }

  createFilters(callbacks: FilterChainFactoryCallbacks): void {
    const root = this.#plugin.rootForStream();
    if (root === undefined) return;
    const own = root === "refused" ? this.#plugin.root : root;
    if (own === undefined) {
      callbacks.addStreamDecoderFilter(new RefusingFilter());
      return;
    }
    const filter = new WasmFilter(own, this, root === "refused");
    const taps = messageTaps(own.watched);
    taps?.addFront(callbacks);
    callbacks.addStreamFilter(filter);
    taps?.addBack(callbacks);
    if (own.vm.exports.onLog === undefined) return;
    callbacks.addAccessLogHandler((streamInfo) => filter.onLog(streamInfo));
  }

  rootOfRoute(config: unknown): RouteRoot {
    const route = config as WasmRouteConfig;
    if (route.disabled) return undefined;
    const variant = this.#ofRoutes.of(route);
    if (variant !== undefined) return variant.rootForStream();
    return this.#plugin.settings.failurePolicy === "open" ? undefined : "refused";
  }

  dispose(): void {
    this.#ofRoutes.dispose();
    this.#plugin.dispose();
  }
}
