import {
  BUFFER_CALL_DATA,
  BUFFER_PLUGIN_CONFIGURATION,
  MAP_HTTP_RESPONSE_TRAILERS,
} from "@sluice/abi";
import type { HeaderMap } from "../../../contracts/headers.ts";
import type { DataBuffer } from "../../../contracts/buffer.ts";
import type { Timer } from "../../../contracts/event.ts";
import type { StreamInfo } from "../../../contracts/stream-info.ts";
import type { WatchedGuest } from "../../watch/watched-guest.ts";
import type { CpuShare } from "../../limits/cpu-share.ts";
import type { Plugin } from "../plugin.ts";
import { Context } from "./context.ts";
import { loggedMap } from "./logged-map.ts";
import { RootCallouts } from "./root-callouts.ts";
import { callFailed, type WasmVm } from "./vm.ts";
import { ContextWatch } from "./watch/context-watch.ts";

/** How long a root context whose `on_done` returned false may take until it calls `proxy_done`. */
const donePendingMs = 60_000;

type Stage = "configuring" | "running" | "done_pending" | "deleted";

/** One plugin in a VM: the parent of its streams' contexts. */
export class RootContext extends Context {
  readonly plugin: Plugin;
  /** What the plugin asks of others. */
  readonly callouts: RootCallouts;
  /** What is known of the plugin on this worker; absent in canary runs. */
  readonly watched: WatchedGuest | undefined;
  /** Of callbacks that belong to no single stream. */
  readonly #ownWatch: ContextWatch | undefined;
  /** The part of the worker that the plugin takes; absent in canary runs. */
  readonly share: CpuShare | undefined;
  /** `logPrefix` of its streams: with the plugin's name, which a root's own lines leave out. */
  readonly streamLogPrefix: string;
  #stage: Stage = "configuring";
  #configuration: Uint8Array | undefined;
  #tickPeriodMs = 0;
  #tick: Timer | undefined;
  #doneTimeout: Timer | undefined;
  #onDeleted: () => void = () => {};
  #queueRegistration = 0;
  /** During `log`. */
  #logged: StreamInfo | undefined;
  /** During `updateStats`. */
  #statsUpdate: Uint8Array | undefined;

  constructor(vm: WasmVm, id: number, plugin: Plugin) {
    const { name, rootId, vm: settings } = plugin.settings;
    const rootPrefix = prefix(rootId) + prefix(settings.vmId);
    super(vm, id, rootPrefix);
    this.plugin = plugin;
    this.callouts = new RootCallouts(this);
    this.watched = vm.environment.watches?.guest("wasm", name);
    this.#ownWatch = this.watched && new ContextWatch(this, this.watched, undefined);
    this.watch = this.#ownWatch;
    this.share = vm.environment.cpuShares?.acquire(name, plugin.limits.share, vm.stats.cpuShare);
    this.streamLogPrefix = prefix(name) + rootPrefix;
  }

  override get root(): RootContext {
    return this;
  }

  /** Creates and configures the plugin in the guest. The result says what failed; undefined when nothing did. */
  start(): string | undefined {
    const { vm, plugin } = this;
    const exports = vm.exports;
    const failed = (name: string): string => vm.failure ?? `${name} returned false`;
    this.#configuration = plugin.settings.configuration;
    if (exports.onContextCreate && vm.call2(this, exports.onContextCreate, this.id, 0) < 0) {
      return failed("proxy_on_context_create");
    }
    const vmSize = plugin.settings.vm.configuration.length;
    if (exports.onVmStart && vm.call2(this, exports.onVmStart, this.id, vmSize) <= 0) {
      return failed("proxy_on_vm_start");
    }
    const size = plugin.settings.configuration.length;
    if (exports.onConfigure && vm.call2(this, exports.onConfigure, this.id, size) <= 0) {
      return failed("proxy_on_configure");
    }
    this.#configuration = undefined;
    this.#stage = "running";
    return undefined;
  }

  /** Stands for one that has been configured in a VM that this one's is a copy of. */
  resume(tickPeriodMs: number): void {
    this.#stage = "running";
    if (tickPeriodMs > 0) this.setTickPeriod(tickPeriodMs);
  }

  /** 0: it does not tick. */
  get tickPeriodMs(): number {
    return this.#tickPeriodMs;
  }

  /** No stream uses the plugin any more. `onDeleted` is called when the guest has let go of it. */
  shutDown(onDeleted: () => void): void {
    this.#onDeleted = onDeleted;
    const { vm } = this;
    const onDone = vm.exports.onDone;
    if (vm.failure === undefined && onDone !== undefined && vm.call1(this, onDone, this.id) === 0) {
      this.#stage = "done_pending";
      this.#doneTimeout = vm.environment.createTimer?.(() => this.#delete());
      this.#doneTimeout?.enable(donePendingMs);
      return;
    }
    this.#delete();
  }

  /** `proxy_done`: false when the guest is not asked to finish. */
  done(): boolean {
    if (this.#stage !== "done_pending") return false;
    this.vm.defer(() => this.#delete());
    return true;
  }

  /** Ends a plugin that did not start: the guest is told nothing. */
  abandon(): void {
    this.#stage = "deleted";
    this.#releaseShare();
    this.#quiet();
    this.vm.forget(this);
  }

  /** Ticks every `periodMs`; 0 stops. */
  setTickPeriod(periodMs: number): void {
    this.#tickPeriodMs =
      periodMs === 0 ? 0 : Math.max(periodMs, this.plugin.limits.inputs.tickPeriodMinMs);
    if (this.#tickPeriodMs === 0) {
      this.#tick?.disable();
      return;
    }
    this.#tick ??= this.vm.environment.createTimer?.(() => this.#onTick());
    this.#tick?.enable(this.#tickPeriodMs);
  }

  /** The number by which this plugin is told of items in queues that it registers. 0: it never is (canary runs). */
  queueRegistration(): number {
    const { shared, createTimer } = this.vm.environment;
    if (this.#queueRegistration === 0 && createTimer !== undefined) {
      this.#queueRegistration = shared.nextRegistration();
      shared.channel.listen(this.#queueRegistration, (queue) => this.#onQueueReady(queue));
    }
    return this.#queueRegistration;
  }

  /** `on_configure` is running, or has not yet. */
  get configuring(): boolean {
    return this.#stage === "configuring";
  }

  /** The guest has let go of it, and is told nothing more. */
  get deleted(): boolean {
    return this.#stage === "deleted";
  }

  /** Shows the guest, which logs accesses, a stream or connection that has ended. */
  log(ended: StreamInfo): void {
    const { vm } = this;
    const onLog = vm.exports.onLog;
    if (onLog === undefined || this.#stage === "deleted") return;
    this.#logged = ended;
    // One of so many is measured, as of streams.
    this.watch = this.watched?.watchesNext() === true ? this.#ownWatch : undefined;
    vm.call1(this, onLog, this.id);
    this.watch = this.#ownWatch;
    this.#logged = undefined;
  }

  /** Shows the guest the statistics, as `envoy_on_stats_update` has them. */
  updateStats(update: Uint8Array): void {
    const { vm } = this;
    const onStatsUpdate = vm.exports.onStatsUpdate;
    if (onStatsUpdate === undefined || this.#stage === "deleted") return;
    this.#statsUpdate = update;
    vm.call2(this, onStatsUpdate, this.id, update.length);
    this.#statsUpdate = undefined;
  }

  override get logging(): boolean {
    return this.#logged !== undefined;
  }

  override get streamInfo(): StreamInfo | undefined {
    return this.#logged;
  }

  override readableMap(type: number): HeaderMap | undefined {
    if (this.#logged !== undefined && type <= MAP_HTTP_RESPONSE_TRAILERS) {
      return loggedMap(this.#logged, type);
    }
    return this.callouts.map(type);
  }

  override buffer(type: number): DataBuffer | Uint8Array | undefined {
    if (type === BUFFER_PLUGIN_CONFIGURATION) return this.#configuration;
    if (type === BUFFER_CALL_DATA && this.#statsUpdate !== undefined) return this.#statsUpdate;
    return this.callouts.buffer(type) ?? super.buffer(type);
  }

  override onVmFailed(): void {
    this.#quiet();
  }

  /** No timer, queue or call wakes the guest from now on. */
  #quiet(): void {
    this.#tick?.disable();
    this.callouts.cancelAll();
    if (this.#queueRegistration !== 0) {
      this.vm.environment.shared.channel.unlisten(this.#queueRegistration);
    }
  }

  #onQueueReady(queue: number): void {
    const { vm } = this;
    const onQueueReady = vm.exports.onQueueReady;
    if (onQueueReady === undefined || this.#stage === "deleted") return;
    vm.call2(this, onQueueReady, this.id, queue);
  }

  #onTick(): void {
    const { vm } = this;
    const onTick = vm.exports.onTick;
    if (onTick === undefined || this.#stage === "deleted") return;
    if (vm.call1(this, onTick, this.id) === callFailed) return;
    if (this.#tickPeriodMs > 0) this.#tick?.enable(this.#tickPeriodMs);
  }

  #releaseShare(): void {
    if (this.share !== undefined) this.vm.environment.cpuShares?.release(this.share);
  }

  #delete(): void {
    if (this.#stage === "deleted") return;
    this.#stage = "deleted";
    this.#quiet();
    this.#releaseShare();
    this.#doneTimeout?.disable();
    const { vm } = this;
    const onDelete = vm.exports.onDelete;
    if (vm.failure === undefined && onDelete !== undefined) vm.call1(this, onDelete, this.id);
    vm.forget(this);
    this.#onDeleted();
  }
}

function prefix(text: string): string {
  return text === "" ? "" : ` ${text}`;
}
