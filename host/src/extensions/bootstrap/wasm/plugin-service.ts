import type { Dispatcher, Timer } from "../../../contracts/event.ts";
import type { WorkerService } from "../../../contracts/extension.ts";
import type { WorkerPlugin } from "../../../guest/wasm/worker-plugin.ts";

/** How often FAIL_RELOAD looks whether the VM still runs: no stream asks for it. */
const checkMs = 1000;

/** A plugin as a service. */
export class PluginService implements WorkerService {
  readonly #plugin: WorkerPlugin;
  readonly #timer: Timer | undefined;

  constructor(plugin: WorkerPlugin, dispatcher: Pick<Dispatcher, "createTimer">) {
    this.#plugin = plugin;
    if (plugin.settings.failurePolicy !== "reload") return;
    const timer = dispatcher.createTimer(() => {
      plugin.rootForStream();
      timer.enable(checkMs);
    });
    timer.enable(checkMs);
    this.#timer = timer;
  }

  close(): void {
    this.#timer?.disable();
    this.#plugin.dispose();
  }
}
