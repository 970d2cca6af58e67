import {
  STATUS_BAD_ARGUMENT,
  STATUS_EMPTY,
  STATUS_INTERNAL_FAILURE,
  STATUS_INVALID_MEMORY_ACCESS,
  STATUS_NOT_FOUND,
  STATUS_OK,
} from "@sluice/abi";
import { beyondLimit } from "../input-limits.ts";
import type { WasmVm } from "../vm.ts";

/** Bytes of a key or of a queue's name. */
const sharedKeyMax = 64 * 1024;

/** `proxy_get_shared_data(key, value_out, cas_out)`. */
export function getSharedData(
  vm: WasmVm,
  key: number,
  keySize: number,
  pointerOut: number,
  sizeOut: number,
  casOut: number,
): number {
  if (!vm.memory.contains(key, keySize)) return STATUS_INVALID_MEMORY_ACCESS;
  if (keySize >>> 0 > sharedKeyMax) return STATUS_NOT_FOUND;
  const name = vm.memory.latin1(key, keySize);
  if (name === undefined) return STATUS_INVALID_MEMORY_ACCESS;
  const value = vm.environment.shared.data.get(vm.sharedName, name);
  if (value === undefined) return STATUS_INTERNAL_FAILURE;
  if (value === "missing") return STATUS_NOT_FOUND;
  const status = vm.heap.writeBytes(value.bytes, pointerOut, sizeOut);
  if (status !== STATUS_OK) return status;
  return vm.memory.setU32(casOut, value.cas) ? STATUS_OK : STATUS_INVALID_MEMORY_ACCESS;
}

/** `proxy_set_shared_data(key, value, cas)`: `cas` 0 does not compare. */
export function setSharedData(
  vm: WasmVm,
  key: number,
  keySize: number,
  value: number,
  valueSize: number,
  cas: number,
): number {
  const { memory } = vm;
  if (!memory.contains(key, keySize) || !memory.contains(value, valueSize)) {
    return STATUS_INVALID_MEMORY_ACCESS;
  }
  if (keySize >>> 0 > sharedKeyMax) return STATUS_BAD_ARGUMENT;
  if (valueSize >>> 0 > vm.plugin.limits.inputs.sharedDataValueBytes) {
    beyondLimit(
      vm,
      "max_shared_data_value_bytes",
      `a value of ${valueSize >>> 0} bytes is refused`,
    );
    return STATUS_INTERNAL_FAILURE;
  }
  const start = value >>> 0;
  const bytes = memory.bytes.subarray(start, start + (valueSize >>> 0));
  const name = memory.latin1(key, keySize)!;
  const status = vm.environment.shared.data.set(vm.sharedName, name, bytes, cas >>> 0);
  if (status === STATUS_INTERNAL_FAILURE) {
    beyondLimit(vm, "max_data_bytes", "there is no room in shared data");
  }
  return status;
}

/** `proxy_register_shared_queue(name, id_out)`: the plugin is told of items from now on. */
export function registerSharedQueue(
  vm: WasmVm,
  name: number,
  nameSize: number,
  idOut: number,
): number {
  if (!vm.memory.contains(name, nameSize)) return STATUS_INVALID_MEMORY_ACCESS;
  if (keySizeIsBad(nameSize)) return STATUS_BAD_ARGUMENT;
  const text = vm.memory.latin1(name, nameSize);
  if (text === undefined) return STATUS_INVALID_MEMORY_ACCESS;
  const registration = vm.acting.root?.queueRegistration() ?? 0;
  const id = vm.environment.shared.queues.register(vm.sharedName, text, registration);
  if (id === undefined) return STATUS_INTERNAL_FAILURE;
  return vm.memory.setU32(idOut, id) ? STATUS_OK : STATUS_INVALID_MEMORY_ACCESS;
}

/** `proxy_resolve_shared_queue(vm_id, name, id_out)`: an empty `vm_id` is the VM's own. */
export function resolveSharedQueue(
  vm: WasmVm,
  vmId: number,
  vmIdSize: number,
  name: number,
  nameSize: number,
  idOut: number,
): number {
  if (!vm.memory.contains(vmId, vmIdSize) || !vm.memory.contains(name, nameSize)) {
    return STATUS_INVALID_MEMORY_ACCESS;
  }
  if (keySizeIsBad(nameSize) || keySizeIsBad(vmIdSize)) return STATUS_NOT_FOUND;
  const owner = vm.memory.latin1(vmId, vmIdSize);
  const text = vm.memory.latin1(name, nameSize);
  if (owner === undefined || text === undefined) return STATUS_INVALID_MEMORY_ACCESS;
  const id = vm.environment.shared.queues.resolve(owner === "" ? vm.sharedName : owner, text);
  if (id === undefined) return STATUS_INTERNAL_FAILURE;
  if (id === 0) return STATUS_NOT_FOUND;
  return vm.memory.setU32(idOut, id) ? STATUS_OK : STATUS_INVALID_MEMORY_ACCESS;
}

/** `proxy_enqueue_shared_queue(id, value)`: whoever registered the queue last is told, later. */
export function enqueueSharedQueue(vm: WasmVm, id: number, value: number, size: number): number {
  if (!vm.memory.contains(value, size)) return STATUS_INVALID_MEMORY_ACCESS;
  const start = value >>> 0;
  const bytes = vm.memory.bytes.subarray(start, start + (size >>> 0));
  const { shared } = vm.environment;
  const registrant = shared.queues.enqueue(id >>> 0, bytes);
  if (registrant === undefined) {
    const field = "max_queue_bytes or max_queues_bytes";
    beyondLimit(vm, field, "there is no room in this queue, or in all queues");
    return STATUS_INTERNAL_FAILURE;
  }
  if (registrant === "missing") return STATUS_NOT_FOUND;
  shared.channel.tell(registrant);
  return STATUS_OK;
}

/** `proxy_dequeue_shared_queue(id, value_out)`. */
export function dequeueSharedQueue(
  vm: WasmVm,
  id: number,
  pointerOut: number,
  sizeOut: number,
): number {
  const item = vm.environment.shared.queues.dequeue(id >>> 0);
  if (item === undefined) return STATUS_INTERNAL_FAILURE;
  if (item === "missing") return STATUS_NOT_FOUND;
  return item === "empty" ? STATUS_EMPTY : vm.heap.writeBytes(item, pointerOut, sizeOut);
}

function keySizeIsBad(size: number): boolean {
  return size >>> 0 > sharedKeyMax;
}
