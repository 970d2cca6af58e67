import {
  STATUS_BAD_ARGUMENT,
  STATUS_INVALID_MEMORY_ACCESS,
  STATUS_NOT_FOUND,
  STATUS_OK,
} from "@sluice/abi";
import type { WasmVm } from "../vm.ts";

/** `proxy_set_effective_context(id)`: until the running callback returns. */
export function setEffectiveContext(vm: WasmVm, id: number): number {
  return vm.setEffectiveContext(id >>> 0) ? STATUS_OK : STATUS_BAD_ARGUMENT;
}

/** `proxy_done()`: the plugin, whose `on_done` returned false, has finished. */
export function done(vm: WasmVm): number {
  return vm.current.root?.done() === true ? STATUS_OK : STATUS_NOT_FOUND;
}

/** `proxy_get_status(code_out, message_out)`: of the plugin's last callout that failed. */
export function getStatus(
  vm: WasmVm,
  codeOut: number,
  pointerOut: number,
  sizeOut: number,
): number {
  const root = vm.acting.root;
  if (!vm.memory.setU32(codeOut, root?.callouts.code ?? 0)) return STATUS_INVALID_MEMORY_ACCESS;
  return vm.heap.writeText(root?.callouts.message ?? "", pointerOut, sizeOut);
}
