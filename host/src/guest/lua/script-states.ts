import type { Gauge } from "../../contracts/stats.ts";
import type { LuaScriptReport } from "../watch/guest-report.ts";
import { LuaScript } from "./lua-script.ts";
import type { LuaScriptConfig, LuaScriptEnvironment } from "./script-config.ts";

/** What the states of a script need besides what each of them does. */
export interface LuaStatesOptions {
  /** CPU milliseconds for loading the script. */
  readonly loadBudgetMs: number;
  /** Runs a callback after the current event. */
  readonly post: (callback: () => void) => void;
  /** States in use, of all scripts of the worker. */
  readonly count?: Gauge | undefined;
  /** Told when the script is not used any more. */
  readonly onClosed?: (() => void) | undefined;
}

/**
 * One script on one worker: the state that its hooks run in, and a spare one, made but not run. A state that is lost
 * to a limit is followed by the spare, whose main chunk runs then: what it does at load happens once for each state
 * that is used. Streams that wait in the lost state go on without their script.
 */
export class LuaScriptStates {
  readonly config: LuaScriptConfig;
  readonly #environment: LuaScriptEnvironment;
  readonly #options: LuaStatesOptions;
  #current: LuaScript | undefined;
  #spare: LuaScript | undefined = undefined;
  #closed = false;
  #lost = 0;
  /** Told by the quota. */
  readonly #giveUpSpare = (): void => {
    this.#spare?.engine.release();
    this.#spare = undefined;
  };

  /** Loads the script; throws a `ScriptLoadError`. */
  constructor(
    config: LuaScriptConfig,
    environment: LuaScriptEnvironment,
    options: LuaStatesOptions,
  ) {
    this.config = config;
    this.#environment = environment;
    this.#options = options;
    this.#current = this.#prepare();
    this.#current.run(options.loadBudgetMs);
    options.count?.inc();
    options.post(() => this.#prepareSpare());
  }

  /** The state for a new hook; undefined when the script could not be loaded once more. */
  get current(): LuaScript | undefined {
    if (this.#current?.trapReason !== "" && !this.#closed) this.#replace();
    return this.#current?.trapReason === "" ? this.#current : undefined;
  }

  /** Whether a new stream may use the script: it has not taken more than its share of the worker. Counts those refused. */
  admits(): boolean {
    return this.#environment.share?.admits() ?? true;
  }

  /** No stream comes any more; those that are left may go on with the state that they have. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#options.onClosed?.();
    if (this.#current !== undefined) this.#options.count?.dec();
    this.#takeSpare()?.engine.release();
    this.#current?.engine.release();
  }

  /** What there is to tell of it. `names`: of the filter that uses it, and of the script there. */
  report(names: Pick<LuaScriptReport, "filter" | "script">): LuaScriptReport {
    const { options, source } = this.config;
    const [current, spare] = [this.#current, this.#spare];
    return {
      ...names,
      dialect: options.dialect,
      profile: options.profile,
      sourceBytes: source.length,
      states: (current === undefined ? 0 : 1) + (spare === undefined ? 0 : 1),
      dead: current === undefined,
      overCpuShare: this.#environment.share?.exceeded ?? false,
      memoryBytes: (current?.engine.memoryBytes ?? 0) + (spare?.engine.memoryBytes ?? 0),
      memoryHighWaterBytes: this.#environment.watched?.memoryHighWaterBytes ?? 0,
      statesLost: this.#lost,
      hasRequestHook: current?.requestHook !== undefined,
      hasResponseHook: current?.responseHook !== undefined,
      counts: current?.engine.counts,
    };
  }

  #replace(): void {
    const lost = this.#current;
    if (lost === undefined) return;
    this.#lost += 1;
    lost.engine.release();
    this.#current = undefined;
    this.#options.count?.dec();
    try {
      const next = this.#takeSpare() ?? this.#prepare();
      next.run(this.#options.loadBudgetMs);
      this.#current = next;
      this.#options.count?.inc();
      this.#options.post(() => this.#prepareSpare());
    } catch (error) {
      this.#report("its state could not be replaced, and it does not run any more", error);
    }
  }

  #takeSpare(): LuaScript | undefined {
    const spare = this.#spare;
    this.#spare = undefined;
    this.#environment.quota.removeSpare(this.#giveUpSpare);
    return spare;
  }

  #prepareSpare(): void {
    if (this.#closed || this.#spare !== undefined || this.#current === undefined) return;
    const { quota } = this.#environment;
    if (!quota.hasRoomForSpares) return;
    try {
      this.#spare = this.#prepare();
      quota.addSpare(this.#giveUpSpare, this.#spare.engine.memoryBytes);
    } catch (error) {
      this.#report("no spare state", error);
    }
  }

  #report(what: string, error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    this.#environment.logger.error(`lua filter "${this.config.name}": ${what}: ${text}`);
  }

  #prepare(): LuaScript {
    return new LuaScript(this.config, this.#environment, this.#options.loadBudgetMs);
  }
}
