import type { LoadedModule, VmSnapshot } from "./plugin.ts";
import { StateRecorder } from "./engine/instance-state.ts";
import type { RootContext } from "./proxy-wasm/root-context.ts";
import type { StartObserver } from "./vm-start.ts";

/**
 * Host calls of a start whose effects are all in the guest's memory, or are carried over. Any other may have an
 * effect that each VM must have for itself, or give what another VM would not be given.
 */
const repeatable: ReadonlySet<string> = new Set([
  "proxy_log",
  "proxy_get_log_level",
  "proxy_get_current_time_nanoseconds",
  "proxy_set_tick_period_milliseconds",
  "proxy_get_configuration",
  "proxy_get_buffer_bytes",
  "proxy_get_buffer_status",
  "proxy_get_property",
  "proxy_get_status",
  "proxy_define_metric",
  "emscripten_notify_memory_growth",
  "pthread_equal",
]);

/** A VM on its trial run, watched for whether copies of it can stand for VMs that were started. */
export class CloneCandidate implements StartObserver {
  readonly #module: LoadedModule;
  #recorder: StateRecorder | undefined = undefined;
  #obstacle: string | undefined = undefined;

  constructor(module: LoadedModule) {
    this.#module = module;
  }

  hostcalls(functions: WebAssembly.ModuleImports): WebAssembly.ModuleImports {
    const watched: WebAssembly.ModuleImports = {};
    for (const [name, run] of Object.entries(functions)) {
      watched[name] = repeatable.has(name) ? run : this.#watched(name, run as HostFunction);
    }
    return watched;
  }

  instantiated(exports: WebAssembly.Exports, memory: WebAssembly.Memory | undefined): void {
    this.#recorder = new StateRecorder(exports, this.#module.state, memory);
  }

  /** Once `root`, the only one of its VM, is configured. Why there is no snapshot, if there is none. */
  snapshot(root: RootContext): VmSnapshot | string {
    if (this.#obstacle !== undefined) return this.#obstacle;
    const state = this.#recorder?.take() ?? "it was never instantiated";
    if (typeof state === "string") return state;
    return {
      state,
      rootId: root.id,
      tickPeriodMs: root.tickPeriodMs,
      metrics: root.vm.metrics.definitions(),
    };
  }

  #watched(name: string, run: HostFunction): HostFunction {
    return (...args) => {
      this.#obstacle ??= `it calls ${name} as it starts`;
      return run(...args);
    };
  }
}

type HostFunction = (...args: unknown[]) => unknown;
