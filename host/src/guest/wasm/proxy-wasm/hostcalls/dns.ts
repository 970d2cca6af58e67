import { STATUS_INTERNAL_FAILURE, STATUS_INVALID_MEMORY_ACCESS, STATUS_OK } from "@sluice/abi";
import { advise } from "../advice.ts";
import { nameAt } from "../guest-names.ts";
import type { WasmVm } from "../vm.ts";

/**
 * `envoy_resolve_dns(name, token_out)`: the plugin's root context is told of the addresses by `envoy_on_resolve_dns`.
 * InternalFailure when the plugin has too many lookups under way.
 */
export function resolveDns(vm: WasmVm, name: number, nameSize: number, tokenOut: number): number {
  const text = nameAt(vm.memory, name, nameSize, "latin1");
  if (text === undefined) return STATUS_INVALID_MEMORY_ACCESS;
  const token = vm.tokens.forName();
  if (!vm.memory.setU32(tokenOut, token)) return STATUS_INVALID_MEMORY_ACCESS;
  if (vm.acting.root?.callouts.lookUp(token, text) === true) return STATUS_OK;
  advise(vm, "lookups", () => "too many names are being looked up; wait for envoy_on_resolve_dns");
  return STATUS_INTERNAL_FAILURE;
}
