import { LuaScript, type LuaScriptConfig, type LuaScriptEnvironment } from "./lua-script.ts";

/** What the states of a script need besides what each of them does. */
export interface LuaStatesOptions {
  /** CPU milliseconds for loading the script. */
  readonly loadBudgetMs: number;
  /** Runs a callback after the current event. */
  readonly post: (callback: () => void) => void;
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
    options.post(() => this.#prepareSpare());
  }

  /** The state for a new hook; undefined when the script could not be loaded once more. */
  get current(): LuaScript | undefined {
    if (this.#current?.trapReason !== "" && !this.#closed) this.#replace();
    return this.#current;
  }

  /** No stream comes any more; those that are left may go on with the state that they have. */
  close(): void {
    this.#closed = true;
    this.#spare?.engine.release();
    this.#spare = undefined;
    this.#current?.engine.release();
  }

  #replace(): void {
    const lost = this.#current;
    if (lost === undefined) return;
    lost.engine.release();
    this.#current = undefined;
    try {
      const next = this.#spare ?? this.#prepare();
      this.#spare = undefined;
      next.run(this.#options.loadBudgetMs);
      this.#current = next;
      this.#options.post(() => this.#prepareSpare());
    } catch (error) {
      this.#report("its state could not be replaced, and it does not run any more", error);
    }
  }

  #prepareSpare(): void {
    if (this.#closed || this.#spare !== undefined || this.#current === undefined) return;
    try {
      this.#spare = this.#prepare();
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
