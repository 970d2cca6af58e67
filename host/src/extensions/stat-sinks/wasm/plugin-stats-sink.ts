import type { StatsSink, StatsSnapshot } from "../../../contracts/stats-sink.ts";
import type { WorkerPlugin } from "../../../guest/wasm/worker-plugin.ts";
import { encodeStatsUpdate } from "./stats-update.ts";

/** Calls `envoy_on_stats_update` of the plugin's root context. */
export class PluginStatsSink implements StatsSink {
  readonly #plugin: WorkerPlugin;

  constructor(plugin: WorkerPlugin) {
    this.#plugin = plugin;
  }

  flush(snapshot: StatsSnapshot): void {
    const root = this.#plugin.rootForStream();
    if (root === undefined || root === "refused" || root.vm.failure !== undefined) return;
    root.updateStats(encodeStatsUpdate(snapshot));
  }

  close(): void {
    this.#plugin.dispose();
  }
}
