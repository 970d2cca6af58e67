import type { WasmFailure } from "../../watch/guest-report.ts";

/** The failure as it stands in the log. */
export function failureText(failure: WasmFailure): string {
  const { plugin, rootId, vmId, backtrace, hostCalls } = failure;
  const frames =
    backtrace.length === 0
      ? ""
      : `\nProxy-Wasm plugin in-VM backtrace:\n${backtrace.map((line) => `  ${line}`).join("\n")}`;
  return `${failure.failure}${frames}\nPlugin: "${plugin}", root_id "${rootId}", vm_id "${vmId}"; host calls of this callback: ${hostCalls}`;
}
