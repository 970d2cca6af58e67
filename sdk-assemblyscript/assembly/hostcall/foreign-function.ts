import { proxy_call_foreign_function } from "../env";
import { outPointer, outSize } from "../memory/allocator";
import { takeBytes } from "../memory/result";
import { encodeFirst, firstPointer, firstSize, releaseTexts } from "../memory/text";
import { Status } from "../status";

/** What a function of the host gave. */
export class ForeignResult {
  constructor(
    /** `NotFound`: the host has no function of that name. */
    readonly status: Status,
    readonly bytes: ArrayBuffer,
  ) {}
}

/** Calls a function that the host offers besides the ABI, e.g. `compress`. */
export function callForeignFunction(name: string, data: ArrayBuffer): ForeignResult {
  store<usize>(outPointer, 0);
  store<u32>(outSize, 0);
  encodeFirst(changetype<usize>(name));
  const status: Status = proxy_call_foreign_function(
    firstPointer,
    firstSize,
    changetype<usize>(data),
    data.byteLength,
    outPointer,
    outSize,
  );
  releaseTexts();
  return new ForeignResult(status, takeBytes());
}
