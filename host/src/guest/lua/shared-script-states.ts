import { createHash } from "node:crypto";
import type { LuaScriptConfig } from "./script-config.ts";
import type { LuaScriptStates } from "./script-states.ts";

interface Users {
  readonly states: LuaScriptStates;
  readonly key: string;
  count: number;
}

/**
 * The states of one worker that several places have between them: scripts with the same `shared_vm_id`, text and
 * paths. All others have one of their own.
 */
export class SharedScriptStates {
  readonly #byKey = new Map<string, Users>();
  readonly #users = new Map<LuaScriptStates, Users>();

  acquire(script: LuaScriptConfig, load: () => LuaScriptStates): LuaScriptStates {
    if (script.sharedVmId === "") return load();
    const key = scriptKeyOf(script);
    let users = this.#byKey.get(key);
    if (users === undefined) {
      users = { states: load(), key, count: 0 };
      this.#byKey.set(key, users);
      this.#users.set(users.states, users);
    }
    users.count += 1;
    return users.states;
  }

  /** Closes the states when nobody else has them. */
  release(states: LuaScriptStates): void {
    const users = this.#users.get(states);
    if (users !== undefined) {
      users.count -= 1;
      if (users.count > 0) return;
      this.#users.delete(states);
      this.#byKey.delete(users.key);
    }
    states.close();
  }
}

/** The same for scripts that may have one state between them. */
export function scriptKeyOf(script: LuaScriptConfig): string {
  const { source, sharedVmId, packagePaths, options } = script;
  return createHash("sha256")
    .update(JSON.stringify([sharedVmId, packagePaths, options]))
    .update(source)
    .digest("base64");
}
