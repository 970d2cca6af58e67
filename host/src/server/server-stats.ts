import type { ListenerConfig } from "../contracts/config/snapshot.ts";
import type { Gauge, StatsScope } from "../contracts/stats.ts";
import type { StatsStore } from "../stats/stats-store.ts";
import type { ServerState } from "./server.ts";

/** `server.state`, in Envoy's numbers (`envoy.admin.v3.ServerInfo.State`). */
const stateNumbers: { readonly [state in ServerState]: number } = {
  LIVE: 0,
  DRAINING: 1,
  PRE_INITIALIZING: 2,
  INITIALIZING: 3,
};

/** `server.` and `listener_manager.`: what the main thread knows of the process. */
export class ServerStats {
  readonly #store: StatsStore;
  readonly #scope: StatsScope;
  readonly #state: Gauge;
  readonly #live: Gauge;
  readonly #expiry: Gauge;
  readonly #uptime: Gauge;
  readonly #connections: Gauge;
  readonly #memory: { readonly allocated: Gauge; readonly heap: Gauge; readonly physical: Gauge };
  #listeners: readonly ListenerConfig[] = [];

  constructor(store: StatsStore, concurrency: number) {
    this.#store = store;
    const scope = store.main.scope("server");
    this.#scope = scope;
    scope.gauge("concurrency").set(concurrency);
    this.#expiry = scope.gauge("days_until_first_cert_expiring");
    scope.gauge("hot_restart_epoch").set(0);
    scope.gauge("parent_connections").set(0);
    scope.counter("static_unknown_fields");
    scope.counter("dynamic_unknown_fields");
    this.#state = scope.gauge("state");
    this.#live = scope.gauge("live");
    this.#uptime = scope.gauge("uptime");
    this.#connections = scope.gauge("total_connections");
    this.#memory = {
      allocated: scope.gauge("memory_allocated"),
      heap: scope.gauge("memory_heap_size"),
      physical: scope.gauge("memory_physical_size"),
    };
  }

  /** The server serves: `initializationMs` since its start. */
  onLive(
    initializationMs: number,
    listeners: readonly ListenerConfig[],
    concurrency: number,
  ): void {
    this.#listeners = listeners;
    this.#scope.histogram("initialization_time_ms", "ms").record(initializationMs);
    const manager = this.#store.main.scope("listener_manager");
    manager.counter("listener_added").add(listeners.length);
    manager.counter("listener_create_success").add(listeners.length * concurrency);
    for (const name of ["create_failure", "in_place_updated", "modified", "removed", "stopped"]) {
      manager.counter(`listener_${name}`);
    }
    manager.gauge("total_filter_chains_draining").set(0);
    manager.gauge("total_listeners_active").set(listeners.length);
    manager.gauge("total_listeners_draining").set(0);
    manager.gauge("total_listeners_warming").set(0);
    manager.gauge("workers_started").set(1);
  }

  /** What is looked up rather than counted; before each flush and each answer of `/stats`. */
  refresh(state: ServerState, daysUntilFirstExpiry: number): void {
    this.#expiry.set(daysUntilFirstExpiry);
    this.#state.set(stateNumbers[state]);
    this.#live.set(state === "LIVE" ? 1 : 0);
    this.#uptime.set(Math.floor(process.uptime()));
    const { heapUsed, external, heapTotal, rss } = process.memoryUsage();
    this.#memory.allocated.set(heapUsed + external);
    this.#memory.heap.set(heapTotal);
    this.#memory.physical.set(rss);
    let connections = 0;
    for (const { statPrefix } of this.#listeners) {
      connections += this.#store.value(`listener.${statPrefix}.downstream_cx_active`);
    }
    this.#connections.set(connections);
  }
}
