import { backtraceLines, guestFrames } from "../../limits/backtrace.ts";
import type { WasmFailure } from "../../watch/guest-report.ts";
import type { Plugin } from "../plugin.ts";
import type { HostCallTrail } from "./host-call-trail.ts";

/** What is remembered of a callback for `plugin` that ended with `error`. */
export function failureReport(
  failure: string,
  plugin: Plugin,
  error: unknown,
  trail: HostCallTrail,
  timeMs: number,
): WasmFailure {
  const { name, rootId, vm } = plugin.settings;
  return {
    timeMs,
    plugin: name,
    rootId,
    vmId: vm.vmId,
    failure,
    backtrace: backtraceLines(guestFrames(error, plugin.module.offsets)),
    hostCalls: trail.describe(),
  };
}

/** The failure as it stands in the log. */
export function failureText(failure: WasmFailure): string {
  const { plugin, rootId, vmId, backtrace, hostCalls } = failure;
  const frames =
    backtrace.length === 0
      ? ""
      : `\nProxy-Wasm plugin in-VM backtrace:\n${backtrace.map((line) => `  ${line}`).join("\n")}`;
  return `${failure.failure}${frames}\nPlugin: "${plugin}", root_id "${rootId}", vm_id "${vmId}"; host calls of this callback: ${hostCalls}`;
}
