import { BUFFER_CALL_DATA } from "../../../abi/src/numbers/buffer-type";
import { decode } from "../memory/utf8";
import { Body } from "./body";

/** One counter or gauge of the proxy. */
export class StatsEntry {
  constructor(
    readonly name: string,
    readonly isCounter: bool,
    readonly value: u64,
    /** Of counters: how much of it is new since the flush before. */
    readonly delta: u64,
  ) {}
}

const counters: u32 = 1;
const blockHead: u32 = 12;

/** The proxy's statistics at a flush, of those that have been updated at least once. */
export class StatsUpdate {
  entries(): StatsEntry[] {
    const bytes = new Body(BUFFER_CALL_DATA).bytes();
    const entries: StatsEntry[] = [];
    const start = changetype<usize>(bytes);
    const end = start + bytes.byteLength;
    const isCounter = bytes.byteLength >= <i32>blockHead && load<u32>(start + 4) == counters;
    const second = isCounter ? readBlock(entries, start, start, end) : start;
    if (second < end) readBlock(entries, start, second, end);
    return entries;
  }
}

/** Reads a block up to the size in its head, where that can be believed; returns where the next begins. */
function readBlock(entries: StatsEntry[], start: usize, at: usize, end: usize): usize {
  if (at + blockHead > end) return end;
  const size = load<u32>(at);
  const isCounter = load<u32>(at + 4) == counters;
  const blockEnd = isCounter && size <= <u32>(end - at) ? at + size : end;
  const numbers: usize = isCounter ? 16 : 8;
  at += blockHead;
  while (at + 4 <= blockEnd) {
    const length: usize = load<u32>(at);
    const values = start + ((at + 4 + length - start + 7) & ~7);
    if (values < at || values + numbers > blockEnd) break;
    const name = decode(at + 4, length);
    const delta: u64 = isCounter ? load<u64>(values + 8) : 0;
    entries.push(new StatsEntry(name, isCounter, load<u64>(values), delta));
    at = values + numbers;
  }
  return blockEnd;
}
