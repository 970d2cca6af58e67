import { nanoseconds, STATUS_INVALID_MEMORY_ACCESS, STATUS_OK } from "@sluice/abi";
import type { WasmVm } from "../vm.ts";

/** `proxy_get_current_time_nanoseconds(time_out)`: since the epoch. */
export function getCurrentTime(vm: WasmVm, timeOut: number): number {
  const now = nanoseconds(vm.environment.time.systemMs());
  return vm.memory.setU64(timeOut, now) ? STATUS_OK : STATUS_INVALID_MEMORY_ACCESS;
}

/** `proxy_set_tick_period_milliseconds(period)`: of the plugin; 0 stops. */
export function setTickPeriod(vm: WasmVm, period: number): number {
  vm.acting.root?.setTickPeriod(period >>> 0);
  return STATUS_OK;
}
