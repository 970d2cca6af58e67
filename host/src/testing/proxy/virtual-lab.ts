import type { ServerOptions } from "../../cli/options.ts";
import { formatProblem, type Problem } from "../../config/problem.ts";
import { registry } from "../../extensions/all.ts";
import { claimEpochMemory, createEpochMemory } from "../../guest/limits/epoch.ts";
import { startWatchdog, type Watchdog } from "../../guest/limits/watchdog.ts";
import { createGuestShared, GuestSharedState } from "../../guest/shared/shared-state.ts";
import type { LoadedBootstrap } from "../../server/bootstrap.ts";
import { Configuration, withSharedCounts } from "../../server/configuration.ts";
import { StatsStore } from "../../stats/stats-store.ts";
import { DataPlane } from "../../worker/data-plane.ts";
import { Activity, VirtualDispatcher } from "../net/virtual-dispatcher.ts";
import { VirtualNetwork } from "../net/virtual-network.ts";
import type { Suite, TestCase } from "../suite/suite.ts";
import { collectingRegistry } from "./access-records.ts";
import { bootstrapOf } from "./bootstrap.ts";
import { CollectedLog } from "./collected-log.ts";
import type { CasePorts } from "./ports.ts";
import type { Refusal } from "./proxy.ts";
import { problemPlaces } from "./problem-places.ts";
import { createServer } from "./servers.ts";
import { statesOf } from "./states.ts";
import { VirtualProxy } from "./virtual-proxy.ts";

const listenerPort = 10_000;
const firstServerPort = 20_000;
/** Of the threads as guests share by them; 1 is the main one. */
const firstWorkerThread = 2;
/** Where clocks stand when a suite says nothing. */
const clockDefaultMs = Date.UTC(2026, 0, 1);
const clientDefault = "127.0.0.1";

/** Makes proxies that live in this thread. What is loaded for one, such as compiled modules, the next ones have. */
export class VirtualLab {
  readonly #epoch = createEpochMemory();
  readonly #watchdog: Watchdog;
  readonly #configuration: Configuration;
  readonly #startLog = new CollectedLog();
  readonly #loaded = new Map<string, LoadedBootstrap>();

  constructor() {
    claimEpochMemory(this.#epoch);
    this.#watchdog = startWatchdog(() => undefined);
    this.#watchdog.watch(this.#epoch);
    this.#configuration = new Configuration({
      registry,
      loggers: this.#startLog,
      guestEpoch: this.#epoch,
    });
  }

  /** `built`: modules of filters that are given as sources. */
  async start(
    suite: Suite,
    test: TestCase,
    built: ReadonlyMap<string, string>,
  ): Promise<VirtualProxy | Refusal> {
    const servers = [...test.settings.servers.keys()];
    const ports: CasePorts = {
      listener: listenerPort,
      servers: new Map(servers.map((name, i) => [name, firstServerPort + i])),
      admin: undefined,
    };
    const states = statesOf(test);
    const options = { ports, built, accessLog: "/dev/null", ...states, isEnvoy: false };
    const said = this.#startLog.lines.length;
    const loaded = await this.#load(JSON.stringify(bootstrapOf(suite, test, options)));
    if ("problems" in loaded) {
      const problems = loaded.problems.map((each) =>
        formatProblem(problemPlaces(suite, test, each)),
      );
      return { problems: [...problems, ...this.#reasonsSince(said)] };
    }
    return this.#run(loaded, { suite, test, ports });
  }

  async close(): Promise<void> {
    // Its thread keeps nobody waiting.
    void this.#watchdog.stop();
    return Promise.resolve();
  }

  /** What guests have said as they refused their configuration. */
  #reasonsSince(count: number): string[] {
    const lines = this.#startLog.lines.slice(count);
    return lines.map(({ level, text }) => `${level}: ${text}`);
  }

  /** Each configuration is read and prepared once. */
  async #load(yaml: string): Promise<LoadedBootstrap | { readonly problems: readonly Problem[] }> {
    const known = this.#loaded.get(yaml);
    if (known !== undefined) return known;
    const loaded = await this.#configuration.load({ ...serverOptions, configYaml: yaml });
    if (!loaded.ok) return { problems: loaded.error };
    this.#loaded.set(yaml, loaded.value);
    return loaded.value;
  }

  async #run(bootstrap: LoadedBootstrap, given: GivenCase): Promise<VirtualProxy | Refusal> {
    const { suite, test, ports } = given;
    const { settings } = test;
    const activity = new Activity();
    const network = new VirtualNetwork(activity);
    const clock = settings.clockMs ?? clockDefaultMs;
    const dispatcher = new VirtualDispatcher(clock, activity, network.createSocket);
    const stats = new StatsStore();
    const guestShared = createGuestShared();
    const shared = new GuestSharedState(guestShared);
    stats.onFlush(() => shared.metrics.show(stats.main));
    const log = new CollectedLog();
    const accessLines: string[] = [];
    const { localInfo, guestLimits, companions } = bootstrap;
    const init = { localInfo, guestLimits, companions, guestEpoch: this.#epoch, guestShared };
    const concurrency = settings.workers ?? 1;
    const planes = Array.from({ length: concurrency }, (_, workerIndex) => {
      // What guests share tells threads apart.
      const ofWorker = { ...guestShared, thread: firstWorkerThread + workerIndex };
      return new DataPlane(
        { ...init, guestShared: ofWorker, workerIndex, concurrency },
        { dispatcher, loggers: log, stats: stats.main },
        collectingRegistry(accessLines),
      );
    });
    const client = settings.client ?? clientDefault;
    const parts = { planes, dispatcher, network, stats, log, client, listenerPort, accessLines };
    const proxy = new VirtualProxy(parts);
    const ofBytes = suite.chains.network.length > 0;
    for (const [name, script] of settings.servers) {
      const server = createServer(name, script, ofBytes, proxy);
      const port = ports.servers.get(name)!;
      if (server !== undefined) network.listen(port, (peer) => server.serve(peer));
    }
    shared.close();
    return this.#stage(proxy, bootstrap);
  }

  async #stage(proxy: VirtualProxy, bootstrap: LoadedBootstrap): Promise<VirtualProxy | Refusal> {
    try {
      const update = {
        snapshot: 1,
        clusters: bootstrap.clusters.map(withSharedCounts),
        removedClusters: [],
        listeners: bootstrap.listeners,
        removedListeners: [],
        extensionConfigs: [],
        secrets: [],
        routes: [],
      };
      const staged = await Promise.all(proxy.planes.map((plane) => plane.stage(update)));
      for (const each of staged) each.commit();
    } catch (error) {
      await proxy.close();
      return { problems: [error instanceof Error ? error.message : String(error)] };
    }
    await proxy.settle();
    proxy.started();
    return proxy;
  }
}

interface GivenCase {
  readonly suite: Suite;
  readonly test: TestCase;
  readonly ports: CasePorts;
}

const serverOptions: ServerOptions = {
  configPath: undefined,
  configYaml: undefined,
  mode: "serve",
  concurrency: 1,
  logLevel: "trace",
  componentLogLevels: [],
  logPath: undefined,
  serviceNode: undefined,
  serviceCluster: undefined,
  adminAddressPath: undefined,
  shutdownGraceMs: 0,
};
