import type { WorkerPlugin } from "../../../guest/wasm/worker-plugin.ts";
import type { WasmRouteConfig } from "./route-config.ts";

type Configured = WasmRouteConfig & { readonly disabled: false };

/**
 * What routes make of one plugin. Each lives as long as somebody holds its route's configuration: the route table, or
 * a stream that began with it. Nobody tells when a table has been replaced and its last stream has ended, so the
 * collector does.
 */
export class RouteVariants {
  readonly #plugin: WorkerPlugin;
  /** Undefined: it could not be started, and is not tried again. */
  readonly #byRoute = new WeakMap<Configured, WorkerPlugin | undefined>();
  readonly #all = new Set<WorkerPlugin>();
  readonly #routesGone = new FinalizationRegistry<WorkerPlugin>((variant) => this.#drop(variant));

  constructor(plugin: WorkerPlugin) {
    this.#plugin = plugin;
  }

  /** Started at the first request. Undefined: it cannot be, which has been said. */
  of(route: Configured): WorkerPlugin | undefined {
    const known = this.#byRoute.get(route);
    if (known !== undefined || this.#byRoute.has(route)) return known;
    const started = this.#plugin.withConfiguration(route.configuration);
    const variant = started.ok ? started.value : undefined;
    this.#byRoute.set(route, variant);
    if (variant !== undefined) {
      this.#all.add(variant);
      this.#routesGone.register(route, variant);
    }
    if (!started.ok) this.#report(started.error);
    return variant;
  }

  dispose(): void {
    for (const variant of this.#all) this.#drop(variant);
  }

  #drop(variant: WorkerPlugin): void {
    if (this.#all.delete(variant)) variant.dispose();
  }

  #report(error: string): void {
    const { settings, root } = this.#plugin;
    root?.vm.environment.logger.error(
      `wasm: plugin ${settings.name} cannot be used with the configuration of a route: ${error}`,
    );
  }
}
