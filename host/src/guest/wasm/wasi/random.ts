import { randomFillSync } from "node:crypto";
import { ERRNO_FAULT, ERRNO_INVAL, ERRNO_SUCCESS } from "@sluice/abi";
import type { GuestMemory } from "../engine/guest-memory.ts";

const bytesMax = 65_536;

/** `random_get`: from the system's generator, at most 64 KiB at a time. */
export function fillRandom(memory: GuestMemory, pointer: number, size: number): number {
  if (size === 0) return ERRNO_SUCCESS;
  if (size >>> 0 > bytesMax) return ERRNO_INVAL;
  if (!memory.contains(pointer, size)) return ERRNO_FAULT;
  randomFillSync(memory.bytes, pointer >>> 0, size >>> 0);
  return ERRNO_SUCCESS;
}
