import { readFileSync } from "node:fs";
import type { Result } from "../../../contracts/result.ts";

/** The bytes of a descriptor set, or why it cannot be read. */
export function readDescriptorFile(path: string): Result<Uint8Array, string> {
  try {
    return { ok: true, value: readFileSync(path) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { ok: false, error: `cannot be read: ${reason}` };
  }
}
