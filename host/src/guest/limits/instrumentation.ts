import { ByteWriter } from "./byte-writer.ts";

/** What is put into code where it might run for ever, and where its instructions are counted. */
export interface Instrumentation {
  /** Index of the memory whose first word stops the guest (`EpochWord.State`). */
  readonly epochMemory: number;
  /** Index of the global that instructions are taken from; undefined: they are not counted. */
  readonly fuelGlobal: number | undefined;
}

/**
 * `if (epoch[0] < 0) unreachable`, where `epoch[0]` is the word that the watchdog condemns the call by; with
 * counting also `if (fuel < 0) unreachable`. A trap, unlike an exception, cannot be caught by the guest.
 */
export function checkCode({ epochMemory, fuelGlobal }: Instrumentation): Uint8Array {
  const code = new ByteWriter(32);
  const write = (...bytes: readonly number[]): void => bytes.forEach((byte) => code.u8(byte));
  const load = epochMemory === 0 ? [0x28, 0x02, 0x00] : [0x28, 0x42, epochMemory, 0x00];
  write(0x41, 0, ...load, 0x41, 0, 0x48, ...trapIf);
  if (fuelGlobal !== undefined) {
    write(0x23);
    code.u32(fuelGlobal);
    write(0x42, 0, 0x53, ...trapIf);
  }
  return code.finish();
}

/** `(if (then unreachable))` */
const trapIf: readonly number[] = [0x04, 0x40, 0x00, 0x0b];

/** `fuel -= instructions` */
export function chargeCode(fuelGlobal: number, instructions: number): Uint8Array {
  const code = new ByteWriter(32);
  code.u8(0x23);
  code.u32(fuelGlobal);
  code.u8(0x42);
  code.s32(instructions);
  code.u8(0x7d);
  code.u8(0x24);
  code.u32(fuelGlobal);
  return code.finish();
}
