import { startWatchdog } from "../../host/src/guest/limits/watchdog.ts";
import { LuaCanary } from "../../host/src/guest/lua/canary.ts";
import type { LuaScriptConfig } from "../../host/src/guest/lua/lua-script.ts";
import { LuaScriptStates } from "../../host/src/guest/lua/script-states.ts";
import { luaAttacks } from "../support/lua-attacks.ts";
import { LuaHost, LuaStream } from "../support/lua.ts";

// Prints how long it takes to stop each script that means harm (budget: 10 ms of CPU time), and until its spare state
// serves, in milliseconds of CPU time:
//
//   node -C sluice-source test/tools/lua-limits.ts

const watchdog = startWatchdog((error) => {
  throw error;
});
const host = new LuaHost();
watchdog.watch(host.environment.epoch);

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** A script of some length, as its spare has to run it. */
const helpers = Array.from(
  { length: 150 },
  (_, i) => `local function f${i}(x) return x .. "${i}" end`,
);
const rest = `
  local table_of_names = {} for i = 1, 100 do table_of_names["name" .. i] = { i } end
  do ${helpers.join("\n")} end`;

function statesOf(code: string): LuaScriptStates {
  const { config, engine } = host.load("");
  engine.release();
  const source = Buffer.from(`function envoy_on_request(h) ${code} end ${rest}`);
  const tried = new LuaCanary().try({ ...config, source }, host.environment, 5000);
  if (!tried.ok) throw new Error(tried.error);
  const script: LuaScriptConfig = tried.value;
  const posted: (() => void)[] = [];
  const states = new LuaScriptStates(script, host.environment, {
    loadBudgetMs: 1000,
    post: (callback) => posted.push(callback),
  });
  // As on a worker when it has nothing else to do: the spare is made.
  for (const callback of posted) callback();
  return states;
}

let longestStop = 0;
let longestTakeover = 0;
for (const [what, code] of luaAttacks) {
  const states = statesOf(code);
  const stream = new LuaStream(states.current!, [[":path", "/"]]);
  const start = cpuMs();
  stream.start();
  const stopped = cpuMs() - start;
  const end = stream.side.traps[0] ?? stream.side.errors[0] ?? "ended by itself";
  let takeover = "";
  if (stream.side.traps.length > 0) {
    const begin = cpuMs();
    if (states.current === undefined) throw new Error("there is no spare");
    const ms = cpuMs() - begin;
    longestTakeover = Math.max(longestTakeover, ms);
    takeover = `, spare after ${ms.toFixed(2)} ms`;
  }
  longestStop = Math.max(longestStop, stopped);
  console.log(`${what}: ${stopped.toFixed(1)} ms${takeover} (${end.slice(0, 70)})`);
  states.close();
}
console.log(
  `longest: stopped after ${longestStop.toFixed(1)} ms, spare after ${longestTakeover.toFixed(2)} ms`,
);
void watchdog.stop();
