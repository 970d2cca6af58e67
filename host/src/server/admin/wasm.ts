import type { JsonValue } from "../../contracts/stream-info.ts";
import type { WasmFailure, WasmPluginReport } from "../../guest/watch/guest-report.ts";
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

type Group = readonly (readonly [worker: string, plugin: WasmPluginReport])[];

/** `/wasm`: the plugins on each worker, and their last failures. */
export async function wasmPage(request: AdminRequest, deps: AdminDeps): Promise<AdminResponse> {
  const guests = await deps.guests();
  const plugins = byKey(
    guests,
    (report) => report.plugins,
    ({ key }) => key,
  );
  const failures = latestFirst(guests, (report) => report.failures);
  return request.params.get("format") === "json"
    ? jsonResponse(`${JSON.stringify(wasmJson(guests, plugins, failures), undefined, 1)}\n`)
    : textResponse(200, wasmText(guests, plugins, failures));
}

type Failures = readonly (readonly [worker: string, failure: WasmFailure])[];

function wasmText(
  guests: readonly WorkerGuests[],
  plugins: readonly Group[],
  failures: Failures,
): string {
  if (plugins.length === 0 && failures.length === 0) {
    return `no Wasm plugins\n${problemLines(guests)}`;
  }
  const parts = plugins.map(pluginText);
  if (failures.length > 0)
    parts.push(`failures, latest first:\n${failures.map(failureText).join("")}`);
  return parts.join("") + problemLines(guests);
}

function pluginText(group: Group): string {
  const [, plugin] = group[0]!;
  const { name, rootId, vmId, abiVersion, sha256, runtime, vm, notCloned } = plugin;
  const vms = notCloned === "" ? "VMs are cloned" : `VMs are started: ${notCloned}`;
  const code = vm === 0 ? "no code" : `ABI ${abiVersion}, sha256 ${sha256}, ${vms}`;
  const policy = policies[plugin.failurePolicy].name;
  const workers = group.map(([worker, on]) => `  ${worker}: ${onWorkerText(on)}\n`);
  return (
    `plugin "${name}", root_id "${rootId}", vm_id "${vmId}"\n` +
    `  ${runtime}, ${policy}, ${code}\n${workers.join("")}`
  );
}

function onWorkerText(on: WasmPluginReport): string {
  // A plugin whose code could not be fetched has no VM.
  if (on.vm === 0) return stateText(on);
  const ticks = on.tickPeriodMs > 0 ? `, ticks every ${on.tickPeriodMs} ms` : "";
  return (
    `VM ${on.vm}, ${stateText(on)}, memory ${sizeText(on.memoryBytes)} ` +
    `(high water ${sizeText(on.memoryHighWaterBytes)}), contexts ${on.contexts}, ` +
    `started ${timeText(on.vmStartedMs)}${ticks}`
  );
}

const policies = {
  closed: { name: "FAIL_CLOSED", after: "new streams are answered 503" },
  open: { name: "FAIL_OPEN", after: "new streams pass without it" },
  reload: { name: "FAIL_RELOAD", after: "the next stream after the backoff makes a new VM" },
} as const;

function stateText({ failure, failurePolicy, overCpuShare, vm }: WasmPluginReport): string {
  if (failure === "" && overCpuShare) {
    const after = failurePolicy === "open" ? policies.open.after : policies.closed.after;
    return `over its share of the worker: ${after}`;
  }
  if (failure === "") return "running";
  const { after } = policies[vm === 0 && failurePolicy === "reload" ? "closed" : failurePolicy];
  return `failed: ${after} (${failure})`;
}

function stateWord({ failure, overCpuShare, vm }: WasmPluginReport): string {
  if (vm === 0) return "NO_CODE";
  if (failure === "" && overCpuShare) return "OVER_CPU_SHARE";
  return failure === "" ? "RUNNING" : "FAILED";
}

function failureText([worker, failure]: Failures[number]): string {
  const { plugin, rootId, vmId, backtrace, hostCalls, timeMs } = failure;
  const frames = backtrace.map((line) => `    ${line}\n`).join("");
  return (
    `  ${timeText(timeMs)} ${worker} plugin "${plugin}", root_id "${rootId}", vm_id "${vmId}"\n` +
    `${indented(failure.failure, "    ")}\n${frames}    host calls of this callback: ${hostCalls}\n`
  );
}

function wasmJson(
  guests: readonly WorkerGuests[],
  plugins: readonly Group[],
  failures: Failures,
): JsonValue {
  return {
    plugins: plugins.map((group) => {
      const [, plugin] = group[0]!;
      return {
        name: plugin.name,
        root_id: plugin.rootId,
        vm_id: plugin.vmId,
        runtime: plugin.runtime,
        abi_version: plugin.abiVersion,
        sha256: plugin.sha256,
        failure_policy: policies[plugin.failurePolicy].name,
        not_cloned: plugin.notCloned,
        workers: group.map(([worker, on]) => ({
          worker,
          vm: on.vm,
          state: stateWord(on),
          failure: on.failure,
          memory_bytes: on.memoryBytes,
          memory_high_water_bytes: on.memoryHighWaterBytes,
          contexts: on.contexts,
          tick_period_ms: on.tickPeriodMs,
          started: on.vm === 0 ? "" : timeText(on.vmStartedMs),
        })),
      };
    }),
    failures: failures.map(([worker, failure]) => ({
      time: timeText(failure.timeMs),
      worker,
      plugin: failure.plugin,
      root_id: failure.rootId,
      vm_id: failure.vmId,
      failure: failure.failure,
      backtrace: [...failure.backtrace],
      host_calls: failure.hostCalls,
    })),
    ...problemsJson(guests),
  };
}
