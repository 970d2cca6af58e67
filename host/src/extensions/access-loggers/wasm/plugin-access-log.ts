import type { AccessLog, AccessLogType } from "../../../contracts/access-log.ts";
import type { StreamInfo } from "../../../contracts/stream-info.ts";
import type { WorkerPlugin } from "../../../guest/wasm/worker-plugin.ts";

/** Calls `proxy_on_log` of the plugin's root context. */
export class PluginAccessLog implements AccessLog {
  readonly #plugin: WorkerPlugin;

  constructor(plugin: WorkerPlugin) {
    this.#plugin = plugin;
  }

  /** What is written before the end (`TcpPeriodic` …) is not for guests, as in Envoy. */
  log(streamInfo: StreamInfo, type: AccessLogType): void {
    if (type === "TcpPeriodic" || type === "TcpUpstreamConnected") return;
    const root = this.#plugin.rootForStream();
    if (root === undefined || root === "refused" || root.vm.failure !== undefined) return;
    root.log(streamInfo);
  }

  dispose(): void {
    this.#plugin.dispose();
  }
}
