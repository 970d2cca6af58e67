import { startWatchdog } from "../../host/src/guest/limits/watchdog.ts";
import { LuaCanary } from "../../host/src/guest/lua/canary.ts";
import type { LuaScriptConfig } from "../../host/src/guest/lua/script-config.ts";
import { LuaScriptStates } from "../../host/src/guest/lua/script-states.ts";
import { luaAttacks } from "../support/lua-attacks.ts";
import { LuaHost, LuaStream } from "../support/lua.ts";

// Prints how long it takes to stop each script that means harm (budget: 10 ms of CPU time), and until its spare state
// serves, in milliseconds, the least of three runs; ends with 1 when a script takes 10 ms more than its budget, or a spare
// more than 1 ms:
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

interface Stop {
  readonly stopMs: number;
  /** Undefined: the state was not lost. */
  readonly takeoverMs: number | undefined;
  readonly end: string;
}

function attack(code: string): Stop {
  const states = statesOf(code);
  const stream = new LuaStream(states.current!, [[":path", "/"]]);
  const start = cpuMs();
  stream.start();
  const stopMs = cpuMs() - start;
  const end = stream.side.traps[0] ?? stream.side.errors[0] ?? "ended by itself";
  let takeoverMs: number | undefined;
  if (stream.side.traps.length > 0) {
    const begin = performance.now();
    if (states.current === undefined) throw new Error("there is no spare");
    takeoverMs = performance.now() - begin;
  }
  states.close();
  return { stopMs, takeoverMs, end };
}

/** Of each the least: what else runs on the machine makes the watchdog late. */
const rounds = 3;
let longestStop = 0;
let longestTakeover = 0;
for (const [what, code] of luaAttacks) {
  const stops = Array.from({ length: rounds }, () => attack(code));
  const stopMs = Math.min(...stops.map((each) => each.stopMs));
  const takeovers = stops.flatMap(({ takeoverMs }) => takeoverMs ?? []);
  const takeoverMs = takeovers.length === 0 ? 0 : Math.min(...takeovers);
  const takeover = takeovers.length === 0 ? "" : `, spare after ${takeoverMs.toFixed(2)} ms`;
  longestStop = Math.max(longestStop, stopMs);
  longestTakeover = Math.max(longestTakeover, takeoverMs);
  console.log(`${what}: ${stopMs.toFixed(1)} ms${takeover} (${stops[0]!.end.slice(0, 70)})`);
}
console.log(
  `longest: stopped after ${longestStop.toFixed(1)} ms, spare after ${longestTakeover.toFixed(2)} ms`,
);
if (longestStop > 20 || longestTakeover > 1) process.exitCode = 1;
void watchdog.stop();
