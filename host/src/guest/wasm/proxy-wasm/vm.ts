import type { PairLimits } from "@sluice/abi";
import type { WatchedGuest } from "../../watch/watched-guest.ts";
import { pageBytes } from "../../limits/defaults.ts";
import { fuelExport } from "../../limits/state-exports.ts";
import { GuestMemory } from "../engine/guest-memory.ts";
import type { Plugin } from "../plugin.ts";
import type { PluginStats } from "../stats.ts";
import { type Context, VmContext } from "./context.ts";
import { CallTokens } from "./call-tokens.ts";
import { ContextTable } from "./context-table.ts";
import type { GuestCallback, GuestExports } from "./guest-exports.ts";
import { GuestHeap } from "./guest-heap.ts";
import { HostCallTrail } from "./host-call-trail.ts";
import { InstructionCosts } from "./instruction-costs.ts";
import { VmMetrics } from "./metrics.ts";
import { Restriction } from "./restriction.ts";
import type { VmEnvironment } from "./vm-environment.ts";
import { failureReport, failureText } from "./vm-failure.ts";
import { ContextWatch } from "./watch/context-watch.ts";

/** Result of a call that trapped, or that was not made because the VM had failed before. */
export const callFailed = -1;

/** Parameters of the longest callback. */
export type FiveNumbers = readonly [number, number, number, number, number];

/** Thrown by host functions to leave the guest for good. */
export class GuestTrap extends Error {
  override readonly name = "GuestTrap";
}

/**
 * One instance of a module, with the contexts that live in it. Guest code runs in `call1` … `call3` only: they keep
 * the current context, the CPU budget and the queue of actions that must wait until no guest code is on the stack.
 */
export class WasmVm {
  readonly plugin: Plugin;
  readonly environment: VmEnvironment;
  readonly memory: GuestMemory;
  readonly heap: GuestHeap;
  readonly tokens = new CallTokens();
  readonly stats: PluginStats;
  readonly metrics: VmMetrics;
  /** How much of a list of pairs is taken from the guest. */
  readonly pairLimits: PairLimits;
  /** The `vm_id`, one character per byte: what shared data and queues are kept under. */
  readonly sharedName: string;
  /** Set once the instance exists; before that only the start section runs. */
  exports!: GuestExports;
  /** Why the VM can no longer be used; undefined while it can. */
  failure: string | undefined;
  restriction: Restriction = Restriction.Start;
  /** Ms since the epoch; 0: it has not. */
  startedMs = 0;

  readonly #contexts = new ContextTable();
  readonly #trail = new HostCallTrail();
  #depth = 0;
  #callback = "";
  #current: Context;
  #effective: Context | undefined;
  #budgetMs: number;
  #configuring = false;
  #costs: InstructionCosts | undefined = undefined;
  #deferred: (() => void)[] = [];
  #reported = false;
  #watched: WatchedGuest | undefined = undefined;

  constructor(plugin: Plugin, environment: VmEnvironment, stats: PluginStats) {
    this.plugin = plugin;
    this.environment = environment;
    this.memory = new GuestMemory((from, to) => this.#watched?.memoryGrew(from, to));
    this.heap = new GuestHeap(this);
    this.stats = stats;
    const { inputs } = plugin.limits;
    this.pairLimits = { count: inputs.headerPairs, bytes: inputs.headerBytes };
    this.metrics = new VmMetrics(environment.shared.metrics, environment.stats, inputs.metrics);
    this.sharedName = Buffer.from(plugin.settings.vm.vmId).toString("latin1");
    this.#current = new VmContext(this);
    this.#budgetMs = plugin.limits.callbackMs;
  }

  /** What host calls act on: the current context, or the one that the guest chose instead. */
  get acting(): Context {
    return this.#effective ?? this.#current;
  }

  /** Streams, connections and plugins that the guest knows. */
  get contextCount(): number {
    return this.#contexts.size;
  }

  /** Whose callback is running. */
  get current(): Context {
    return this.#current;
  }

  /** Runs `body` with another CPU budget per call: for start and configuration. */
  withBudget<T>(budgetMs: number, body: () => T): T {
    const before = this.#budgetMs;
    this.#budgetMs = budgetMs;
    this.#configuring = true;
    try {
      return body();
    } finally {
      this.#budgetMs = before;
      this.#configuring = false;
    }
  }

  /** The instance exists, `exports` are its own. */
  instantiated(exports: WebAssembly.Exports): void {
    const fuel = exports[fuelExport] as WebAssembly.Global | undefined;
    if (fuel === undefined) return;
    const { name } = this.plugin.settings;
    this.#costs = new InstructionCosts(fuel, name, this.environment.stats);
    this.#costs.begin(this.#instructionBudget);
  }

  /** What its calls took, in deterministic mode. */
  get costs(): InstructionCosts | undefined {
    return this.#costs;
  }

  /** A number for a new context. Unique among those that exist. */
  takeContextId(): number {
    return this.#contexts.takeId();
  }

  /** The VM is a copy of one whose last context had this number. */
  resumeContextIds(last: number): void {
    this.#contexts.resumeIds(last);
  }

  /** The guest may name this context from now on, until `forget`. */
  add(context: Context): void {
    this.#contexts.add(context);
    const watched = context.root?.watched;
    if (watched !== undefined && context !== context.root && watched.watchesNext()) {
      context.watch = new ContextWatch(context, watched, context.streamInfo);
    }
  }

  forget(context: Context): void {
    this.#contexts.remove(context);
    if (context.watch !== undefined) context.watch.over();
    if (this.#effective === context) this.#effective = undefined;
  }

  /** `proxy_set_effective_context`: until the running call ends; 0: the call's own again. False for an unknown id. */
  setEffectiveContext(id: number): boolean {
    const context = this.#contexts.get(id);
    if (context === undefined && id !== 0) return false;
    this.#effective = context;
    return true;
  }

  /** Runs a callback; its result (0 for those without one), or `callFailed`. */
  call1(context: Context, callback: GuestCallback, a: number): number {
    if (this.failure !== undefined) return callFailed;
    const outer = this.#enter(context, callback.name);
    if (context.watch !== undefined) context.watch.enter(callback.name, [a]);
    let result: number = callFailed;
    try {
      result = callback.run(a)! >>> 0;
    } catch (error) {
      this.#trapped(callback.name, error);
    }
    return this.#leave(outer, callback.name, result);
  }

  call2(context: Context, callback: GuestCallback, a: number, b: number): number {
    if (this.failure !== undefined) return callFailed;
    const outer = this.#enter(context, callback.name);
    if (context.watch !== undefined) context.watch.enter(callback.name, [a, b]);
    let result: number = callFailed;
    try {
      result = callback.run(a, b)! >>> 0;
    } catch (error) {
      this.#trapped(callback.name, error);
    }
    return this.#leave(outer, callback.name, result);
  }

  call3(context: Context, callback: GuestCallback, a: number, b: number, c: number): number {
    if (this.failure !== undefined) return callFailed;
    const outer = this.#enter(context, callback.name);
    if (context.watch !== undefined) context.watch.enter(callback.name, [a, b, c]);
    let result: number = callFailed;
    try {
      result = callback.run(a, b, c)! >>> 0;
    } catch (error) {
      this.#trapped(callback.name, error);
    }
    return this.#leave(outer, callback.name, result);
  }

  /** As the others, for a callback with more parameters. */
  callWith(context: Context, callback: GuestCallback, args: FiveNumbers): number {
    if (this.failure !== undefined) return callFailed;
    const outer = this.#enter(context, callback.name);
    if (context.watch !== undefined) context.watch.enter(callback.name, args);
    let result: number = callFailed;
    try {
      result = callback.run(...args)! >>> 0;
    } catch (error) {
      this.#trapped(callback.name, error);
    }
    return this.#leave(outer, callback.name, result);
  }

  /** Runs guest code that is not a callback: instantiation and start functions. False after a trap. */
  callStart(name: string, run: () => void): boolean {
    if (this.failure !== undefined) return false;
    const outer = this.#enter(this.#current, name);
    try {
      run();
    } catch (error) {
      this.#trapped(name, error);
    }
    return this.#leave(outer, name, 0) !== callFailed;
  }

  /** It has started and is in use from now on, until `retire`. */
  started(): void {
    this.stats.created.inc();
    this.stats.active.inc();
    this.startedMs = this.environment.time.systemMs();
    this.#watched = this.environment.watches?.guest("wasm", this.plugin.settings.name);
    this.#watched?.instanceAdded(this.memory.size);
  }

  /** The VM has no plugin any more; late calls into it do nothing. */
  retire(): void {
    this.failure ??= "the VM has been disposed of";
    this.#reported = true;
    this.stats.active.dec();
    this.#watched?.instanceRemoved(this.memory.size);
    this.#watched = undefined;
    this.environment.shared.release(this.sharedName);
  }

  /** The callback and the host call that are running, for what is told of them. */
  get running(): { readonly callback: string; readonly hostcall: string } {
    return { callback: this.#callback, hostcall: this.#trail.last };
  }

  /** Runs `action` when no guest code of this VM is on the stack; at once when none is. */
  defer(action: () => void): void {
    if (this.#depth === 0) action();
    else this.#deferred.push(action);
  }

  /** Notes a host call for the report of a failure. */
  called(name: string): this {
    this.#trail.add(name);
    return this;
  }

  /** As `called`, for host calls that are not allowed while starting or allocating: leaves the guest then. */
  calledFreely(name: string): this {
    if (this.restriction !== Restriction.None) {
      const when =
        this.restriction === Restriction.Start ? "in a start function" : "while allocating";
      this.trap(`restricted_callback: ${name} must not be called ${when}`);
    }
    return this.called(name);
  }

  /** Leaves the guest for good. It cannot catch this: the call is condemned as well. */
  trap(reason: string): never {
    this.failure ??= reason;
    this.environment.budget.condemn();
    throw new GuestTrap(reason);
  }

  #enter(context: Context, name: string): Context {
    this.#callback = name;
    const outer = this.#current;
    this.#current = context;
    this.#effective = undefined;
    if (this.#depth === 0) {
      this.#trail.clear();
      if (this.#costs !== undefined) this.#costs.begin(this.#instructionBudget);
    }
    this.#depth += 1;
    this.environment.budget.enter(this.#budgetMs, context.root?.share);
    return outer;
  }

  #leave(outer: Context, name: string, result: number): number {
    const condemned = this.environment.budget.leave();
    const { watch } = this.#current;
    if (watch !== undefined) watch.leave(name, result, this.failure);
    this.#current = outer;
    this.#effective = undefined;
    this.#depth -= 1;
    if (this.#costs !== undefined && this.#depth === 0) this.#costs.end(name);
    if (this.failure !== undefined) return this.#leaveFailed(name);
    if (condemned) this.stats.cpuOverrun.inc();
    if (this.#depth === 0 && this.#deferred.length > 0) this.#runDeferred();
    return result;
  }

  #leaveFailed(name: string): number {
    // The guest swallowed the exception of `trap` and came back.
    if (!this.#reported) this.#trapped(name, new GuestTrap(this.failure));
    this.#deferred.length = 0;
    return callFailed;
  }

  #runDeferred(): void {
    const actions = this.#deferred;
    this.#deferred = [];
    for (let i = 0; i < actions.length; i += 1) actions[i]!();
  }

  #trapped(name: string, error: unknown): void {
    const { environment, stats } = this;
    if (this.#reported) return;
    this.#reported = true;
    const limit = error instanceof GuestTrap ? "" : this.#limitExceeded();
    stats.vmFailed.inc();
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const failure = `Function: ${name} failed: Uncaught ${message}${limit}`;
    this.failure = failure;
    const { plugin } = this.#current.root ?? this;
    const report = failureReport(failure, plugin, error, this.#trail, environment.time.systemMs());
    environment.logger.error(failureText(report));
    environment.failures?.add(report);
    for (const context of this.#contexts.all()) context.onVmFailed();
  }

  /** Why it trapped, as far as a limit is the reason; counted. */
  #limitExceeded(): string {
    const { environment, stats, plugin } = this;
    const call = this.#configuring ? "configure" : "callback";
    if (this.#costs?.exhausted === true) {
      stats.cpuLimitExceeded.inc();
      const field = `max_instructions_per_${call}`;
      return ` (over its limit of ${this.#instructionBudget} instructions: ${field} of sluice.guests)`;
    }
    if (environment.budget.condemned) {
      stats.cpuLimitExceeded.inc();
      const field = `cpu_time_per_${call}`;
      return ` (over its CPU limit of ${this.#budgetMs} ms: ${field} of sluice.guests)`;
    }
    const { memoryBytes } = plugin.limits;
    const { size } = this.memory;
    const hasGrown = size > (plugin.module.memory?.initial ?? 0) * pageBytes;
    if (!hasGrown || size + pageBytes <= memoryBytes) return "";
    stats.memoryLimitReached.inc();
    return ` (all ${memoryBytes} bytes of its memory are in use: max_memory_bytes of sluice.guests)`;
  }

  get #instructionBudget(): number {
    const { instructions } = this.plugin.limits;
    return (this.#configuring ? instructions?.configure : instructions?.callback) ?? 0;
  }
}
