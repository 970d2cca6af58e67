import { readPairs } from "@sluice/abi";
import { advise } from "./advice.ts";
import type { WasmVm } from "./vm.ts";

// What a guest hands over beyond a limit of `sluice.guests` (`Limits.inputs`, `shared_memory`).

/** A host call hands over more than `field` allows: it is counted, and its author told of `what`. */
export function beyondLimit(vm: WasmVm, field: string, what: string): void {
  vm.stats.inputLimitExceeded.inc();
  advise(vm, field, () => `${what}; sluice.guests sets the limit: ${field}`);
}

/** The pairs that a guest gave. Too many, and malformed ones, are none. */
export function pairsOf(vm: WasmVm, bytes: Buffer): [name: string, value: string][] {
  const limits = vm.pairLimits;
  const count = bytes.length < 4 ? 0 : bytes.readUInt32LE(0);
  if (bytes.length > limits.bytes) {
    beyondLimit(vm, "max_header_bytes", `${bytes.length} bytes of pairs are taken for none`);
  } else if (count > limits.count && 4 + count * 8 <= bytes.length) {
    beyondLimit(vm, "max_header_pairs", `${count} pairs are taken for none`);
  }
  return readPairs(bytes, limits);
}
