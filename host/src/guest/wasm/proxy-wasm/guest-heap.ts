import { STATUS_INVALID_MEMORY_ACCESS, STATUS_OK } from "@sluice/abi";
import { Restriction } from "./restriction.ts";
import type { WasmVm } from "./vm.ts";

/** Memory that the host asks a guest's allocator for, to hand something over; the guest frees it. */
export class GuestHeap {
  readonly #vm: WasmVm;

  constructor(vm: WasmVm) {
    this.#vm = vm;
  }

  /** Memory of the guest's own for `size` bytes; 0 when it has none. */
  allocate(size: number): number {
    const vm = this.#vm;
    const outer = vm.restriction;
    vm.restriction = Restriction.Allocation;
    const pointer = vm.exports.malloc(size)! >>> 0;
    vm.restriction = outer;
    if (vm.costs !== undefined) vm.costs.allocated(size);
    return vm.memory.contains(pointer, size) ? pointer : 0;
  }

  /** Hands a string of one character per byte to the guest. Empty: no allocation, pointer 0, size 0. */
  writeText(text: string, pointerOut: number, sizeOut: number): number {
    const size = text.length;
    let pointer = 0;
    if (size > 0) {
      pointer = this.allocate(size);
      if (pointer === 0) return STATUS_INVALID_MEMORY_ACCESS;
      this.#vm.memory.writeLatin1(pointer, text);
    }
    return this.writeRange(pointer, size, pointerOut, sizeOut);
  }

  /** As `writeText`, for bytes. */
  writeBytes(bytes: Uint8Array, pointerOut: number, sizeOut: number): number {
    const size = bytes.length;
    let pointer = 0;
    if (size > 0) {
      pointer = this.allocate(size);
      if (pointer === 0) return STATUS_INVALID_MEMORY_ACCESS;
      this.#vm.memory.bytes.set(bytes, pointer);
    }
    return this.writeRange(pointer, size, pointerOut, sizeOut);
  }

  /** For what writes its own content: `pointer` came from `allocate`. */
  writeRange(pointer: number, size: number, pointerOut: number, sizeOut: number): number {
    const { memory } = this.#vm;
    const written = memory.setU32(pointerOut, pointer) && memory.setU32(sizeOut, size);
    return written ? STATUS_OK : STATUS_INVALID_MEMORY_ACCESS;
  }
}
