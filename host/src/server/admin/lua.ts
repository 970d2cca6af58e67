import type { JsonValue } from "../../contracts/stream-info.ts";
import type { LuaScriptError, LuaScriptReport } from "../../guest/watch/guest-report.ts";
import type { AdminDeps } from "./admin-deps.ts";
import {
  type AdminRequest,
  type AdminResponse,
  jsonResponse,
  textResponse,
} from "./admin-request.ts";
import {
  byKey,
  indented,
  latestFirst,
  problemLines,
  problemsJson,
  sizeText,
  timeText,
  type WorkerGuests,
} from "./guests.ts";

type Group = readonly (readonly [worker: string, script: LuaScriptReport])[];
type Errors = readonly (readonly [worker: string, error: LuaScriptError])[];

/** `/lua`: the scripts on each worker, and their last errors. */
export async function luaPage(request: AdminRequest, deps: AdminDeps): Promise<AdminResponse> {
  const guests = await deps.guests();
  const scripts = byKey(
    guests,
    (report) => report.scripts,
    ({ filter, script }) => `${filter}\n${script}`,
  );
  const errors = latestFirst(guests, (report) => report.scriptErrors);
  return request.params.get("format") === "json"
    ? jsonResponse(`${JSON.stringify(luaJson(guests, scripts, errors), undefined, 1)}\n`)
    : textResponse(200, luaText(guests, scripts, errors));
}

function luaText(
  guests: readonly WorkerGuests[],
  scripts: readonly Group[],
  errors: Errors,
): string {
  if (scripts.length === 0 && errors.length === 0) return `no Lua scripts\n${problemLines(guests)}`;
  const parts = scripts.map(scriptText);
  if (errors.length > 0) parts.push(`errors, latest first:\n${errors.map(errorText).join("")}`);
  return parts.join("") + problemLines(guests);
}

function scriptText(group: Group): string {
  const [, script] = group[0]!;
  const workers = group.map(
    ([worker, on]) =>
      `  ${worker}: ${stateText(on)}, states ${on.states}, memory ${sizeText(on.memoryBytes)} ` +
      `(high water of one ${sizeText(on.memoryHighWaterBytes)}), states lost ${on.statesLost}\n`,
  );
  const hooks = hooksOf(script);
  return (
    `filter "${script.filter}", script "${script.script}"\n` +
    `  ${script.dialect}, ${script.profile}, ${script.sourceBytes} bytes, ` +
    `${hooks.length === 0 ? "no hooks" : hooks.join(" and ")}\n${workers.join("")}`
  );
}

function hooksOf(script: LuaScriptReport): string[] {
  return [
    ...(script.hasRequestHook ? ["envoy_on_request"] : []),
    ...(script.hasResponseHook ? ["envoy_on_response"] : []),
  ];
}

function stateText(script: LuaScriptReport): string {
  if (script.dead) return "does not run any more";
  return script.overCpuShare ? "over its share of the worker: new streams pass" : "running";
}

function stateWord(script: LuaScriptReport): string {
  if (script.dead) return "DEAD";
  return script.overCpuShare ? "OVER_CPU_SHARE" : "RUNNING";
}

function errorText([worker, error]: Errors[number]): string {
  const { timeMs, filter, script, hook, text } = error;
  return (
    `  ${timeText(timeMs)} ${worker} filter "${filter}", script "${script}", ${hook}\n` +
    `${indented(text, "    ")}\n`
  );
}

function luaJson(
  guests: readonly WorkerGuests[],
  scripts: readonly Group[],
  errors: Errors,
): JsonValue {
  return {
    scripts: scripts.map((group) => {
      const [, script] = group[0]!;
      return {
        filter: script.filter,
        script: script.script,
        dialect: script.dialect,
        profile: script.profile,
        source_bytes: script.sourceBytes,
        hooks: hooksOf(script),
        workers: group.map(([worker, on]) => ({
          worker,
          state: stateWord(on),
          states: on.states,
          states_lost: on.statesLost,
          memory_bytes: on.memoryBytes,
          memory_high_water_bytes: on.memoryHighWaterBytes,
          ...(on.counts !== undefined && {
            instructions: on.counts.instructions,
            host_calls: on.counts.hostCalls,
          }),
        })),
      };
    }),
    errors: errors.map(([worker, error]) => ({
      time: timeText(error.timeMs),
      worker,
      filter: error.filter,
      script: error.script,
      hook: error.hook,
      error: error.text,
    })),
    ...problemsJson(guests),
  };
}
