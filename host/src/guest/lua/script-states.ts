import { LuaScript, type LuaScriptConfig, type LuaScriptEnvironment } from "./lua-script.ts";

/** What the states of a script need besides what each of them does. */
export interface LuaStatesOptions {
  /** CPU milliseconds for loading the script. */
  readonly loadBudgetMs: number;
  /** Runs a callback after the current event. */
  readonly post: (callback: () => void) => void;
}

/**
 * One script on one worker: the state that its hooks run in, and a spare one that is loaded already. A state that
 * is lost to a limit is followed by the spare; streams that wait in the lost one go on without their script.
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
    this.#current = this.#load();
    options.post(() => this.#prepareSpare());
  }

  /** The state for a new hook; undefined when the script could not be loaded once more. */
  get current(): LuaScript | undefined {
    if (this.#current?.trapReason !== "" && !this.#closed) this.#replace();
    return this.#current;
  }

  /** No spare is made from here on. */
  close(): void {
    this.#closed = true;
    this.#spare = undefined;
  }

  #replace(): void {
    if (this.#current === undefined) return;
    if (this.#spare === undefined) this.#prepareSpare();
    this.#current = this.#spare;
    this.#spare = undefined;
    this.#options.post(() => this.#prepareSpare());
  }

  #prepareSpare(): void {
    if (this.#closed || this.#spare !== undefined || this.#current === undefined) return;
    try {
      this.#spare = this.#load();
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.#environment.logger.error(`lua filter "${this.config.name}": no spare state: ${text}`);
    }
  }

  #load(): LuaScript {
    return new LuaScript(this.config, this.#environment, this.#options.loadBudgetMs);
  }
}
