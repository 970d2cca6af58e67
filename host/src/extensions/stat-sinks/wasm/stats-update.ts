import type { StatsColumns, StatsSnapshot } from "../../../contracts/stats-sink.ts";

const counterType = 1;
const gaugeType = 2;
const headBytes = 12;
const alignment = 8;
const twoTo32 = 0x1_0000_0000;

/** The statistics as `envoy_on_stats_update` has them: abi/README.md, "Statistics". */
export function encodeStatsUpdate({ counters, gauges }: StatsSnapshot): Uint8Array {
  const gaugesAt = endOf(counters.names, 0, 16);
  const bytes = Buffer.alloc(endOf(gauges.names, gaugesAt, 8));
  writeBlock(bytes, 0, counterType, counters, counters.deltas);
  writeBlock(bytes, gaugesAt, gaugeType, gauges, undefined);
  return bytes;
}

/** Where a block that begins at `at` ends. */
function endOf(names: readonly string[], at: number, valueBytes: number): number {
  let end = at + headBytes;
  for (const name of names) end = aligned(end + 4 + Buffer.byteLength(name)) + valueBytes;
  return end;
}

function aligned(at: number): number {
  return Math.ceil(at / alignment) * alignment;
}

function writeBlock(
  bytes: Buffer,
  start: number,
  type: number,
  { names, values }: StatsColumns,
  deltas: Float64Array | undefined,
): void {
  let at = start + headBytes;
  for (const [i, name] of names.entries()) {
    const length = bytes.write(name, at + 4);
    bytes.writeUInt32LE(length, at);
    at = writeU64(bytes, aligned(at + 4 + length), values[i]!);
    if (deltas !== undefined) at = writeU64(bytes, at, deltas[i]!);
  }
  bytes.writeUInt32LE(at - start, start);
  bytes.writeUInt32LE(type, start + 4);
  bytes.writeUInt32LE(names.length, start + 8);
}

/** Gives where it ends. Values are whole numbers; one below zero is written as Envoy's unsigned ones would be. */
function writeU64(bytes: Buffer, at: number, value: number): number {
  bytes.writeUInt32LE(((value % twoTo32) + twoTo32) % twoTo32, at);
  bytes.writeInt32LE(Math.floor(value / twoTo32) | 0, at + 4);
  return at + 8;
}
