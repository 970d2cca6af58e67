import type { Timer } from "../../contracts/event.ts";
import type { WasmVm } from "../../guest/wasm/proxy-wasm/vm.ts";
import { wasmRuntimeOf } from "../../guest/wasm/runtime.ts";
import type { Received, ReceivedBytes, ServerEnvironment } from "../servers/received.ts";
import type { DataPlane } from "../../worker/data-plane.ts";
import type { StatsStore } from "../../stats/stats-store.ts";
import type { Activity, VirtualDispatcher } from "../net/virtual-dispatcher.ts";
import type { PeerSocket, VirtualNetwork } from "../net/virtual-network.ts";
import { recordOf } from "./access-records.ts";
import { listenerName } from "./bootstrap.ts";
import type { CollectedLog } from "./collected-log.ts";
import type { ClientSocket, Costs, LogLine, Proxy, StreamRecord } from "./proxy.ts";

/** Turns of the event loop without anything happening after which nothing will. */
const quietTurns = 12;
/** Turns that a case may take without ever being quiet. */
const turnsMax = 1_000_000;
/** How far the clock moves while something is waited for. */
const waitMs = 60_000;

/** What a virtual proxy is made of. */
export interface VirtualParts {
  /** One for each worker. */
  readonly planes: readonly DataPlane[];
  readonly dispatcher: VirtualDispatcher;
  readonly network: VirtualNetwork;
  readonly stats: StatsStore;
  readonly log: CollectedLog;
  /** The address that clients come from. */
  readonly client: string;
  readonly listenerPort: number;
  /** What the access log has received. */
  readonly accessLines: readonly string[];
}

/** The data plane in this thread, with a network and a clock of its own. */
export class VirtualProxy implements Proxy, ServerEnvironment {
  readonly requests: Received[] = [];
  readonly connections: ReceivedBytes[] = [];
  readonly planes: readonly DataPlane[];
  #accepted = 0;
  /** Called before everything is closed. */
  onEnd: () => void = () => {};
  readonly #parts: Omit<VirtualParts, "planes">;
  readonly #activity: Activity;
  readonly #timers = new Set<Timer>();
  #startCosts: Costs = noCosts;

  constructor(parts: VirtualParts) {
    this.planes = parts.planes;
    this.#parts = parts;
    this.#activity = parts.network.activity;
  }

  /** All that was taken up to now belongs to the start. */
  started(): void {
    this.#startCosts = this.#costsSoFar();
  }

  changed(): void {
    this.#activity.count += 1;
  }

  later(ms: number, callback: () => void): void {
    const timer = this.#parts.dispatcher.createTimer(() => {
      this.#timers.delete(timer);
      callback();
    });
    this.#timers.add(timer);
    timer.enable(ms);
  }

  soon(callback: () => void): void {
    this.changed();
    setImmediate(callback);
  }

  connect(): Promise<ClientSocket> {
    const { network, client, listenerPort } = this.#parts;
    const { peer, socket } = network.connection(client, { ip: "127.0.0.1", port: listenerPort });
    const clientPort = socket.remotePort!;
    // Workers take connections in turns.
    const plane = this.planes[this.#accepted % this.planes.length]!;
    this.#accepted += 1;
    plane.accept(listenerName, 0, socket);
    return Promise.resolve(Object.assign<PeerSocket, { clientPort: number }>(peer, { clientPort }));
  }

  async settle(): Promise<void> {
    let quiet = 0;
    let seen = this.#activity.count;
    for (let turn = 0; quiet < quietTurns; turn += 1) {
      if (turn > turnsMax) throw new Error("the filters never come to rest");
      await new Promise<void>((resolve) => setImmediate(resolve));
      quiet = seen === this.#activity.count ? quiet + 1 : 0;
      seen = this.#activity.count;
    }
  }

  async waitFor(condition: () => boolean): Promise<void> {
    const { dispatcher } = this.#parts;
    const until = dispatcher.passedMs + waitMs;
    await this.settle();
    while (!condition()) {
      const due = dispatcher.nextDueMs;
      if (due === undefined || due > until) return;
      dispatcher.runNext();
      await this.settle();
    }
  }

  async advance(ms: number): Promise<void> {
    const { dispatcher } = this.#parts;
    const until = dispatcher.passedMs + ms;
    for (;;) {
      await this.settle();
      const due = dispatcher.nextDueMs;
      if (due === undefined || due > until) break;
      dispatcher.runNext();
    }
    dispatcher.moveTo(until);
  }

  log(): readonly LogLine[] {
    return this.#parts.log.lines;
  }

  metric(name: string): Promise<number | undefined> {
    const { stats } = this.#parts;
    stats.flush();
    for (const value of [...stats.counters, ...stats.gauges]) {
      if (value.name === name) return Promise.resolve(value.value);
    }
    for (const histogram of stats.histograms) {
      if (histogram.name === name) return Promise.resolve(histogram.cumulative.total);
    }
    return Promise.resolve(undefined);
  }

  costs(): Costs {
    const now = this.#costsSoFar();
    const before = this.#startCosts;
    return {
      instructions: now.instructions - before.instructions,
      hostCalls: now.hostCalls - before.hostCalls,
      allocations: now.allocations - before.allocations,
      allocatedBytes: now.allocatedBytes - before.allocatedBytes,
    };
  }

  /** The VMs of the plugins. */
  get vms(): readonly WasmVm[] {
    return this.planes.flatMap(({ context }) => [...wasmRuntimeOf(context).vms]);
  }

  async close(): Promise<readonly StreamRecord[]> {
    this.onEnd();
    for (const timer of this.#timers) timer.disable();
    for (const plane of this.planes) plane.closeConnections();
    await this.settle();
    for (const plane of this.planes) await plane.close();
    return this.#parts.accessLines.map(recordOf);
  }

  #costsSoFar(): Costs {
    const sum = { ...noCosts };
    for (const { costs } of this.vms) {
      if (costs === undefined) continue;
      for (const { total } of costs.byCallback.values()) sum.instructions += total;
      sum.hostCalls += costs.hostCalls;
      sum.allocations += costs.allocations;
      sum.allocatedBytes += costs.allocatedBytes;
    }
    const scripts = this.planes.flatMap((plane) => plane.reportGuests().scripts);
    for (const { counts } of scripts) {
      sum.instructions += counts?.instructions ?? 0;
      sum.hostCalls += counts?.hostCalls ?? 0;
    }
    return sum;
  }
}

const noCosts = { instructions: 0, hostCalls: 0, allocations: 0, allocatedBytes: 0 };
