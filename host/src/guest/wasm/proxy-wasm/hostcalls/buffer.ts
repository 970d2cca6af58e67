import {
  BUFFER_CALL_DATA,
  BUFFER_PLUGIN_CONFIGURATION,
  BUFFER_VM_CONFIGURATION,
  STATUS_BAD_ARGUMENT,
  STATUS_INTERNAL_FAILURE,
  STATUS_INVALID_MEMORY_ACCESS,
  STATUS_NOT_FOUND,
  STATUS_OK,
} from "@sluice/abi";
import type { DataBuffer } from "../../../../contracts/buffer.ts";
import { advise } from "../advice.ts";
import { beyondLimit } from "../input-limits.ts";
import type { WasmVm } from "../vm.ts";

/** `proxy_get_buffer_status(type, length_out, flags_out)`: the flags are always 0. */
export function getBufferStatus(
  vm: WasmVm,
  type: number,
  lengthOut: number,
  flagsOut: number,
): number {
  if (type >>> 0 > BUFFER_CALL_DATA) return STATUS_BAD_ARGUMENT;
  const buffer = vm.acting.buffer(type);
  if (buffer === undefined) return STATUS_NOT_FOUND;
  const written = vm.memory.setU32(lengthOut, buffer.length) && vm.memory.setU32(flagsOut, 0);
  return written ? STATUS_OK : STATUS_INVALID_MEMORY_ACCESS;
}

/** `proxy_get_buffer_bytes(type, start, max, bytes_out)`: a copy of what is there of `[start, start + max)`. */
export function getBufferBytes(
  vm: WasmVm,
  type: number,
  start: number,
  max: number,
  pointerOut: number,
  sizeOut: number,
): number {
  if (type >>> 0 > BUFFER_CALL_DATA) return STATUS_BAD_ARGUMENT;
  const buffer = vm.acting.buffer(type);
  if (buffer === undefined) return bufferUnavailable(vm, type);
  const from = start >>> 0;
  const length = Math.min(max >>> 0, Math.max(0, buffer.length - from));
  if (length === 0) return vm.heap.writeRange(0, 0, pointerOut, sizeOut);
  const pointer = vm.heap.allocate(length);
  if (pointer === 0) return STATUS_INVALID_MEMORY_ACCESS;
  copyRange(buffer, from, length, vm.memory.bytes, pointer);
  return vm.heap.writeRange(pointer, length, pointerOut, sizeOut);
}

function bufferUnavailable(vm: WasmVm, type: number): number {
  if (type === BUFFER_PLUGIN_CONFIGURATION) {
    const text =
      "the configuration of the plugin is only there in proxy_on_configure; keep what is needed";
    advise(vm, "configuration", () => text);
  }
  return STATUS_NOT_FOUND;
}

function copyRange(
  source: DataBuffer | Uint8Array,
  start: number,
  length: number,
  target: Buffer,
  at: number,
): void {
  if (source instanceof Uint8Array) {
    target.set(source.subarray(start, start + length), at);
    return;
  }
  let skip = start;
  let left = length;
  let to = at;
  for (let i = 0; left > 0; i += 1) {
    const chunk = source.chunks[i]!;
    const part = Math.min(chunk.length - skip, left);
    if (part > 0) {
      chunk.copy(target, to, skip, skip + part);
      to += part;
      left -= part;
    }
    skip = Math.max(0, skip - chunk.length);
  }
}

/**
 * `proxy_set_buffer_bytes(type, start, size, data)`: at `start` 0 puts `data` in the place of the first `size`
 * bytes; at or beyond the end appends it; in between: BadArgument. InternalFailure when it would become too large.
 */
export function setBufferBytes(
  vm: WasmVm,
  type: number,
  start: number,
  size: number,
  data: number,
  dataSize: number,
): number {
  if (type >>> 0 > BUFFER_CALL_DATA) return STATUS_BAD_ARGUMENT;
  const buffer = vm.acting.buffer(type);
  if (buffer === undefined) return STATUS_NOT_FOUND;
  if (!vm.memory.contains(data, dataSize)) return STATUS_INVALID_MEMORY_ACCESS;
  if (buffer instanceof Uint8Array) {
    advise(vm, `buffer ${type}`, () => `buffer ${type} cannot be changed now`);
    return STATUS_BAD_ARGUMENT;
  }
  const drained = start === 0 ? Math.min(size >>> 0, buffer.length) : 0;
  const growth = (dataSize >>> 0) - drained;
  if (growth > 0 && buffer.length + growth > vm.plugin.limits.inputs.bodyBytes) {
    beyondLimit(vm, "max_body_bytes", `buffer ${type} would have ${buffer.length + growth} bytes`);
    return STATUS_INTERNAL_FAILURE;
  }
  const bytes = vm.memory.copy(data, dataSize)!;
  if (start === 0) {
    buffer.drain(drained);
    buffer.prepend(bytes);
    return STATUS_OK;
  }
  if (start >>> 0 < buffer.length) {
    advise(vm, "start", () => {
      const { length } = buffer;
      return `start ${start} is inside the ${length} bytes; 0 replaces from the front, ${length} or more appends`;
    });
    return STATUS_BAD_ARGUMENT;
  }
  buffer.append(bytes);
  return STATUS_OK;
}

/** `proxy_get_configuration(bytes_out)` of 0.1.0: the plugin's while it is configured, else the VM's. */
export function getConfiguration(vm: WasmVm, pointerOut: number, sizeOut: number): number {
  const context = vm.acting;
  const configuration =
    context.buffer(BUFFER_PLUGIN_CONFIGURATION) ?? context.buffer(BUFFER_VM_CONFIGURATION);
  return vm.heap.writeBytes(configuration as Uint8Array, pointerOut, sizeOut);
}
