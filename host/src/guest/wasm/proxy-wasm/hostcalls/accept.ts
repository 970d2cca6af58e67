import { FIRST_BYTES_MAX, STATUS_BAD_ARGUMENT, STATUS_NOT_FOUND, STATUS_OK } from "@sluice/abi";
import { AcceptedContext } from "../accepted-context.ts";
import type { WasmVm } from "../vm.ts";

/** `sluice_want_first_bytes(size)`: up to so many bytes are shown from now on, unless more was wanted before. */
export function wantFirstBytes(vm: WasmVm, size: number): number {
  const context = vm.acting;
  if (!(context instanceof AcceptedContext)) return STATUS_NOT_FOUND;
  const bytes = size >>> 0;
  if (bytes === 0 || bytes > FIRST_BYTES_MAX) return STATUS_BAD_ARGUMENT;
  context.wantedBytes = Math.max(context.wantedBytes, bytes);
  return STATUS_OK;
}

/** `sluice_take_first_bytes(size)`: neither later filters nor the connection see the first `size` bytes. */
export function takeFirstBytes(vm: WasmVm, size: number): number {
  const context = vm.acting;
  if (!(context instanceof AcceptedContext)) return STATUS_NOT_FOUND;
  const shown = context.firstBytes;
  if (shown === undefined || size >>> 0 > shown.length) return STATUS_BAD_ARGUMENT;
  context.firstBytes = shown.subarray(size >>> 0);
  context.takenBytes += size >>> 0;
  return STATUS_OK;
}
