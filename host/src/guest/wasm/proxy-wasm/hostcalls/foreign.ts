import {
  STATUS_BAD_ARGUMENT,
  STATUS_INVALID_MEMORY_ACCESS,
  STATUS_NOT_FOUND,
  STATUS_OK,
} from "@sluice/abi";
import { nameAt } from "../guest-names.ts";
import { beyondLimit } from "../input-limits.ts";
import { callForeign } from "../foreign/foreign-functions.ts";
import type { WasmVm } from "../vm.ts";

const noBytes = new Uint8Array(0);

/** `proxy_call_foreign_function(name, arguments, result_out)`: either of the two out pointers may be 0. NotFound for an unknown name. */
export function callForeignFunction(
  vm: WasmVm,
  name: number,
  nameSize: number,
  args: number,
  argsSize: number,
  pointerOut: number,
  sizeOut: number,
): number {
  if (!vm.memory.contains(args, argsSize)) return STATUS_INVALID_MEMORY_ACCESS;
  if (argsSize >>> 0 > vm.plugin.limits.inputs.foreignBytes) {
    beyondLimit(vm, "max_foreign_bytes", `an argument of ${argsSize >>> 0} bytes is refused`);
    return STATUS_BAD_ARGUMENT;
  }
  const text = nameAt(vm.memory, name, nameSize, "latin1");
  const bytes = vm.memory.copy(args, argsSize);
  if (text === undefined || bytes === undefined) return STATUS_INVALID_MEMORY_ACCESS;
  // The context whose callback runs, not the one that the guest chose: as Envoy does it.
  const result = callForeign(vm.current, text, bytes);
  if (result === undefined) return STATUS_NOT_FOUND;
  const status = writeResult(vm, result.bytes ?? noBytes, pointerOut, sizeOut);
  return status === STATUS_OK ? result.status : status;
}

function writeResult(vm: WasmVm, bytes: Uint8Array, pointerOut: number, sizeOut: number): number {
  let pointer = 0;
  if (pointerOut !== 0 && bytes.length > 0) {
    pointer = vm.heap.allocate(bytes.length);
    if (pointer === 0) return STATUS_INVALID_MEMORY_ACCESS;
    vm.memory.bytes.set(bytes, pointer);
  }
  if (pointerOut !== 0 && !vm.memory.setU32(pointerOut, pointer)) {
    return STATUS_INVALID_MEMORY_ACCESS;
  }
  const fits = sizeOut === 0 || vm.memory.setU32(sizeOut, bytes.length);
  return fits ? STATUS_OK : STATUS_INVALID_MEMORY_ACCESS;
}
