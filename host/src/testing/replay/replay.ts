import type { Recording, RecordedCallback } from "../../guest/watch/recording.ts";
import { claimEpochMemory, createEpochMemory } from "../../guest/limits/epoch.ts";
import { guestBudgetOf } from "../../guest/limits/guest-budget.ts";
import { preparePlugin } from "../../guest/wasm/canary.ts";
import type { PluginSettings } from "../../guest/wasm/plugin.ts";
import type { GuestFunction } from "../../guest/wasm/proxy-wasm/guest-exports.ts";
import type { RootContext } from "../../guest/wasm/proxy-wasm/root-context.ts";
import type { VmEnvironment } from "../../guest/wasm/proxy-wasm/vm-environment.ts";
import type { WasmVm } from "../../guest/wasm/proxy-wasm/vm.ts";
import { uncounted } from "../../guest/wasm/stats.ts";
import { createVm, startPlugin } from "../../guest/wasm/vm-start.ts";
import { createGuestShared, GuestSharedState } from "../../guest/shared/shared-state.ts";
import { SingletonMap } from "../../common/singleton-map.ts";
import { systemTime } from "../../common/time/clock.ts";
import type { PrepareContext } from "../../contracts/extension.ts";
import { CollectedLog } from "../proxy/collected-log.ts";
import { type Divergence, ReplaySession } from "./replay-session.ts";

/** How a recording was run again. */
export interface ReplayResult {
  readonly callbacks: number;
  readonly hostCalls: number;
  /** Undefined: the module has done the same. */
  readonly divergence: Divergence | undefined;
}

const startMs = 5000;

/** Runs a recorded stream in a new VM of `code`. A text says why the module cannot be started. */
export async function replay(
  recording: Recording,
  code: Uint8Array,
): Promise<ReplayResult | string> {
  const log = new CollectedLog();
  const context = prepareContext(log);
  const prepared = await preparePlugin(settingsOf(recording), code, context);
  if (!prepared.ok) return reason(prepared.error, log);
  const plugin = prepared.value;
  const session = new ReplaySession(recording.rootContext);
  const environment: VmEnvironment = {
    epoch: context.guestEpoch,
    budget: guestBudgetOf(context),
    logger: log.logger("wasm"),
    time: systemTime,
    localInfo: context.localInfo,
    shared: new GuestSharedState(context.guestShared),
  };
  const exports: { all: WebAssembly.Exports } = { all: {} };
  const made = createVm(plugin, environment, uncounted, startMs, {
    hostcalls: (functions) => session.wrap(functions),
    wasi: (functions) => session.wrap(functions),
    instantiated: (all) => {
      exports.all = all;
    },
  });
  if (!made.ok) return reason(made.error, log);
  const started = startPlugin(made.value, plugin, startMs);
  if (!started.ok) return reason(started.error, log);
  session.vm = made.value;
  session.rootContext = started.value.id;
  environment.shared.close();
  return run(recording, session, { vm: made.value, root: started.value, exports: exports.all });
}

interface Started {
  readonly vm: WasmVm;
  readonly root: RootContext;
  readonly exports: WebAssembly.Exports;
}

function run(recording: Recording, session: ReplaySession, started: Started): ReplayResult {
  const { vm, root, exports } = started;
  let callbacks = 0;
  for (const [i, callback] of recording.callbacks.entries()) {
    const problem = exportProblem(callback, exports);
    if (problem !== undefined) {
      const place = `callback ${i + 1}, ${callback.name}`;
      const divergence = { place, recorded: "the callback is called", now: problem };
      return { callbacks, hostCalls: session.calls, divergence };
    }
    const args = session.begin(callback, i);
    const run = exports[callback.name] as GuestFunction;
    const [a = 0, b = 0, c = 0, d = 0, e = 0] = args;
    const result = vm.callWith(root, { name: callback.name, run }, [a, b, c, d, e]);
    session.end(result, vm.failure);
    callbacks += 1;
    if (session.divergence !== undefined || vm.failure !== undefined) break;
  }
  return { callbacks, hostCalls: session.calls, divergence: session.divergence };
}

function exportProblem(
  callback: RecordedCallback,
  exports: WebAssembly.Exports,
): string | undefined {
  return typeof exports[callback.name] === "function" ? undefined : "the module does not export it";
}

function settingsOf({ plugin }: Recording): PluginSettings {
  return {
    name: plugin.name,
    rootId: plugin.rootId,
    vm: {
      vmId: plugin.vmId,
      runtime: "envoy.wasm.runtime.v8",
      configuration: Buffer.from(plugin.vmConfiguration, "latin1"),
      environment: plugin.environment,
      allowedCapabilities: plugin.allowedCapabilities,
    },
    configuration: Buffer.from(plugin.configuration, "latin1"),
    allowOnHeadersStopIteration: false,
    failurePolicy: "closed",
    liveStreamsGoOn: false,
    reloadBackoffMs: 1000,
  };
}

function prepareContext(log: CollectedLog): PrepareContext {
  const singletons = new SingletonMap();
  const guestEpoch = createEpochMemory();
  claimEpochMemory(guestEpoch);
  return {
    loggers: log,
    guestEpoch,
    guestShared: createGuestShared(),
    // What runs for ever ends by its instructions: nobody watches the time.
    guestLimits: {
      defaultLimits: noLimits,
      byName: new Map(),
      wasm: { cloneVms: false, deterministic: true },
    },
    localInfo: {
      nodeId: "",
      clusterName: "",
      zone: "",
      nodeMetadata: {},
      address: "127.0.0.1",
      version: "",
    },
    filterName: "replay",
    deadlineMs: startMs,
    singleton: (key, create) => singletons.get(key, create),
  };
}

const noLimits = {
  cpuTimePerCallbackMs: undefined,
  cpuTimePerConfigureMs: undefined,
  maxMemoryBytes: undefined,
  maxModuleBytes: undefined,
  maxFunctionBodyBytes: undefined,
  maxFunctions: undefined,
};

/** With what the module has said. */
function reason(error: string, log: CollectedLog): string {
  return [error, ...log.lines.map(({ level, text }) => `${level}: ${text}`)].join("\n");
}
