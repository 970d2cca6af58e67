import {
  propertyPath,
  STATUS_INVALID_MEMORY_ACCESS,
  STATUS_NOT_FOUND,
  STATUS_SERIALIZATION_FAILURE,
} from "@sluice/abi";
import { getAttribute, notSerializable } from "../attributes.ts";
import type { WasmVm } from "../vm.ts";

/** `proxy_get_property(path, value_out)`. */
export function getProperty(
  vm: WasmVm,
  path: number,
  pathSize: number,
  pointerOut: number,
  sizeOut: number,
): number {
  const text = vm.memory.latin1(path, pathSize);
  if (text === undefined) return STATUS_INVALID_MEMORY_ACCESS;
  const parts = propertyPath(text);
  if (parts.length === 0) return STATUS_SERIALIZATION_FAILURE;
  const value = getAttribute(vm.acting, parts);
  if (value === undefined) return STATUS_NOT_FOUND;
  if (value === notSerializable) return STATUS_SERIALIZATION_FAILURE;
  if (typeof value === "string") return vm.writeText(value, pointerOut, sizeOut);
  return vm.writeBytes(value, pointerOut, sizeOut);
}
