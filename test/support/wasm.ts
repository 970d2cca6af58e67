import assert from "node:assert/strict";
import type { GuestLimitsConfig, GuestShared } from "../../host/src/contracts/config/guests.ts";
import { createGuestShared, GuestSharedState } from "../../host/src/guest/shared/shared-state.ts";
import { CollectingLogger } from "../../host/src/testing/proxy/collecting-logger.ts";
import { StatsStore } from "../../host/src/stats/stats-store.ts";
import type { LocalInfo } from "../../host/src/contracts/config/snapshot.ts";
import type { PrepareContext } from "../../host/src/contracts/extension.ts";
import type { HttpFilterInstances } from "../../host/src/contracts/http/filter.ts";
import type { LogLevel } from "../../host/src/contracts/log.ts";
import { GuestWatches } from "../../host/src/guest/watch/guest-watches.ts";
import { WasmFilter } from "../../host/src/extensions/http-filters/wasm/wasm-filter.ts";
import { preparePlugin } from "../../host/src/guest/wasm/canary.ts";
import type { Plugin, PluginSettings } from "../../host/src/guest/wasm/plugin.ts";
import type { ResolveName } from "../../host/src/guest/wasm/resolve-name.ts";
import { type PluginHandle, WasmRuntime } from "../../host/src/guest/wasm/runtime.ts";
import { startedOf, WorkerPlugin } from "../../host/src/guest/wasm/worker-plugin.ts";
import type { PluginStats } from "../../host/src/guest/wasm/stats.ts";
import { ownBudget } from "./guarded.ts";
import { RecordedClusters } from "./wasm-clusters.ts";
import { SimulatedDispatcher } from "./simulated-dispatcher.ts";

/** A log that keeps its lines: `<level> <text>`. */
export class TextLogger extends CollectingLogger {
  readonly lines: string[] = [];

  constructor() {
    super("wasm", "trace");
  }

  protected override keep(level: LogLevel, text: string): void {
    this.lines.push(`${level} ${text}`);
  }

  /** The lines so far, and empties the log. */
  take(): string[] {
    return this.lines.splice(0);
  }
}

const localInfo: LocalInfo = {
  nodeId: "node-1",
  clusterName: "cluster-1",
  zone: "zone-1",
  nodeMetadata: { role: "edge", ports: [80, 443] },
  address: "127.0.0.1",
  version: "test",
};

class CountingStat {
  readonly name = "";
  value = 0;
  set(value: number): void {
    this.value = value;
  }
  inc(): void {
    this.value += 1;
  }
  dec(): void {
    this.value -= 1;
  }
  add(amount: number): void {
    this.value += amount;
  }
  sub(amount: number): void {
    this.value -= amount;
  }
}

/** Settings of a plugin called `plugin`; the configuration is text. */
export function pluginSettings(
  changes: Partial<Omit<PluginSettings, "configuration" | "vm">> & {
    readonly configuration?: string;
    readonly vm?: Partial<PluginSettings["vm"]>;
  } = {},
): PluginSettings {
  return {
    name: "plugin",
    rootId: "",
    allowOnHeadersStopIteration: false,
    failurePolicy: "closed",
    liveStreamsGoOn: false,
    reloadBackoffMs: 1000,
    ...changes,
    configuration: Buffer.from(changes.configuration ?? ""),
    vm: {
      vmId: "",
      runtime: "envoy.wasm.runtime.v8",
      configuration: Buffer.alloc(0),
      environment: [],
      allowedCapabilities: undefined,
      ...changes.vm,
    },
  };
}

/** One worker's Wasm runtime, and the main thread's canary in front of it, in one thread. By default VMs are started, not cloned. */
export class WasmHost {
  readonly logger = new TextLogger();
  /** What canary runs logged. */
  readonly canaryLogger = new TextLogger();
  readonly dispatcher: SimulatedDispatcher;
  readonly stats = {
    reloadSuccess: new CountingStat(),
    reloadFailure: new CountingStat(),
    reloadBackoff: new CountingStat(),
    created: new CountingStat(),
    active: new CountingStat(),
    vmFailed: new CountingStat(),
    cpuLimitExceeded: new CountingStat(),
    cpuOverrun: new CountingStat(),
    memoryLimitReached: new CountingStat(),
    inputLimitExceeded: new CountingStat(),
    cloned: new CountingStat(),
    cpuShare: { exceeded: new CountingStat(), refused: new CountingStat() },
  } satisfies PluginStats;
  readonly runtime: WasmRuntime;
  readonly epoch: WebAssembly.Memory;
  readonly shared: GuestSharedState;
  readonly clusters = new RecordedClusters();
  /** Names that guests look up; the test answers. */
  readonly lookups: Parameters<ResolveName>[] = [];
  readonly #guestShared: GuestShared;
  readonly statsStore = new StatsStore();
  readonly watches = new GuestWatches(this.statsStore.main);
  readonly #prepareContext: PrepareContext;

  constructor(
    dispatcher: SimulatedDispatcher = new SimulatedDispatcher(),
    guestShared: GuestShared = createGuestShared(),
    guests: Partial<GuestLimitsConfig> = { wasm: { cloneVms: false } },
  ) {
    this.#guestShared = guestShared;
    this.shared = new GuestSharedState(guestShared);
    this.dispatcher = dispatcher;
    const { epoch, budget } = ownBudget();
    this.epoch = epoch;
    const logger = this.logger;
    this.runtime = new WasmRuntime(
      {
        epoch,
        budget,
        logger,
        time: dispatcher.time,
        createTimer: (callback) => dispatcher.createTimer(callback),
        random: dispatcher.random,
        localInfo,
        shared: this.shared,
        clusters: this.clusters.manager,
        resolveName: (...lookup) => void this.lookups.push(lookup),
        stats: this.statsStore.main,
        watches: this.watches,
      },
      () => this.stats,
      guests.wasmVmsPerWorkerMax,
    );
    const singletons = new Map<string, unknown>([["sluice.guest_budget", budget]]);
    this.#prepareContext = {
      loggers: { logger: () => this.canaryLogger },
      localInfo,
      guestShared: this.#guestShared,
      guestLimits: { defaultLimits: noLimits, byName: new Map(), ...guests },
      guestEpoch: epoch,
      filterName: "wasm",
      deadlineMs: 5000,
      singleton: <T>(key: string, create: () => T): T => {
        if (!singletons.has(key)) singletons.set(key, create());
        return singletons.get(key) as T;
      },
    };
  }

  /** What the main thread makes of a module; an error's text when it refuses. */
  async prepare(code: Uint8Array, settings = pluginSettings()): Promise<Plugin | string> {
    const prepared = await preparePlugin(settings, code, this.#prepareContext);
    return prepared.ok ? prepared.value : prepared.error;
  }

  /** Prepares, then acquires on the worker; fails the test when either refuses. */
  async load(code: Uint8Array, settings = pluginSettings()): Promise<PluginHandle> {
    const plugin = await this.prepare(code, settings);
    assert.ok(typeof plugin !== "string", typeof plugin === "string" ? plugin : "");
    return this.acquire(plugin);
  }

  acquire(plugin: Plugin): PluginHandle {
    const acquired = this.runtime.acquire(plugin);
    assert.ok(acquired.ok, acquired.ok ? "" : acquired.error);
    return acquired.value;
  }

  /** Loads a plugin as the places where it runs hold it. */
  async start(code: Uint8Array, settings = pluginSettings()): Promise<WorkerPlugin> {
    const handle = await this.load(code, settings);
    const { plugin } = handle.root;
    const started = startedOf(this.runtime, plugin, handle);
    return new WorkerPlugin(plugin.settings, started, this.dispatcher);
  }
}

/** Nothing configured. */
export const noLimits = {
  cpuTimePerCallbackMs: undefined,
  cpuTimePerConfigureMs: undefined,
  maxMemoryBytes: undefined,
  maxModuleBytes: undefined,
  maxFunctionBodyBytes: undefined,
  maxFunctions: undefined,
};

/** The plugin's filters, as the factory makes them, for routes that have nothing to say. */
export function wasmInstances(handle: PluginHandle): HttpFilterInstances {
  return {
    createFilters(callbacks) {
      const filter = new WasmFilter(handle.root, { rootOfRoute: () => handle.root });
      callbacks.addStreamFilter(filter);
      callbacks.addAccessLogHandler((streamInfo) => filter.onLog(streamInfo));
    },
  };
}
