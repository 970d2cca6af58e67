import {
  propertyPath,
  STATUS_INVALID_MEMORY_ACCESS,
  STATUS_BAD_ARGUMENT,
  STATUS_NOT_FOUND,
  STATUS_SERIALIZATION_FAILURE,
} from "@sluice/abi";
import { getAttribute, notSerializable } from "../attributes/attributes.ts";
import { unknownProperty } from "../advice.ts";
import { beyondLimit } from "../input-limits.ts";
import { setProperty as setStateProperty } from "../filter-state.ts";
import type { WasmVm } from "../vm.ts";

/** Bytes of the longest path that may lead anywhere. */
const getPathMax = 65_536;

/** `proxy_get_property(path, value_out)`. */
export function getProperty(
  vm: WasmVm,
  path: number,
  pathSize: number,
  pointerOut: number,
  sizeOut: number,
): number {
  if (!vm.memory.contains(path, pathSize)) return STATUS_INVALID_MEMORY_ACCESS;
  if (pathSize >>> 0 > getPathMax) return STATUS_NOT_FOUND;
  const text = vm.memory.latin1(path, pathSize)!;
  const parts = propertyPath(text);
  if (parts.length === 0) return STATUS_SERIALIZATION_FAILURE;
  const value = getAttribute(vm.acting, parts);
  if (value === undefined) {
    unknownProperty(vm, parts);
    return STATUS_NOT_FOUND;
  }
  if (value === notSerializable) return STATUS_SERIALIZATION_FAILURE;
  if (typeof value === "string") return vm.heap.writeText(value, pointerOut, sizeOut);
  return vm.heap.writeBytes(value, pointerOut, sizeOut);
}

/** Bytes of a path, and of a value. */
const setPathMax = 1024;

/** `proxy_set_property(path, value)`: into the filter state of the stream. */
export function setProperty(
  vm: WasmVm,
  path: number,
  pathSize: number,
  value: number,
  valueSize: number,
): number {
  const text = vm.memory.latin1(path, pathSize);
  const bytes = vm.memory.copy(value, valueSize);
  if (text === undefined || bytes === undefined) return STATUS_INVALID_MEMORY_ACCESS;
  if (text.length > setPathMax) return STATUS_BAD_ARGUMENT;
  if (bytes.length > vm.plugin.limits.inputs.propertyBytes) {
    beyondLimit(vm, "max_property_bytes", `a value of ${bytes.length} bytes is refused`);
    return STATUS_BAD_ARGUMENT;
  }
  return setStateProperty(vm.acting, text, bytes);
}
