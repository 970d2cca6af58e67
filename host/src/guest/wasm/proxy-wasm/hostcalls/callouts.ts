import {
  STATUS_BAD_ARGUMENT,
  STATUS_INTERNAL_FAILURE,
  STATUS_INVALID_MEMORY_ACCESS,
  STATUS_NOT_FOUND,
} from "@sluice/abi";
import type { WasmVm } from "../vm.ts";

// SDKs import these calls into every module, so they can be linked. They cannot be made yet: what would open a call
// fails, and says so in the log. No call is ever open, which is what the others answer by.

/** The two lowest bits of a call's id are its kind. */
const kindOf = (id: number): number => id & 3;
const httpCallKind = 0;
const grpcStreamKind = 2;

/** `proxy_grpc_call` and `proxy_grpc_stream`: there is no such call; `idOut` is set to 0. */
export function openCall(vm: WasmVm, name: string, idOut: number): number {
  if (!vm.memory.setU32(idOut, 0)) return STATUS_INVALID_MEMORY_ACCESS;
  vm.environment.logger.error(
    `wasm log${vm.acting.logPrefix}: ${name} is not supported by this host; the call fails`,
  );
  return STATUS_INTERNAL_FAILURE;
}

/** `proxy_grpc_send(id, message, end_stream)`. */
export function grpcSend(vm: WasmVm, id: number, message: number, size: number): number {
  if (kindOf(id) !== grpcStreamKind) return STATUS_BAD_ARGUMENT;
  return vm.memory.contains(message, size) ? STATUS_NOT_FOUND : STATUS_INVALID_MEMORY_ACCESS;
}

/** `proxy_grpc_cancel(id)` and `proxy_grpc_close(id)`. */
export function grpcEnd(_vm: WasmVm, id: number): number {
  return kindOf(id) === httpCallKind ? STATUS_BAD_ARGUMENT : STATUS_NOT_FOUND;
}
