import { Context } from "./context";

// What the proxy's numbers stand for: an open-addressed table, a power of two slots, at most half of them taken. The
// numbers count up, so that hardly two of those in use fall on the same slot. Number 0 is a free slot.
//
//   numbers   per slot: the context's number, its parent's
//   held      per slot: the context; null until something happens to it
//
// Contexts go in and out as addresses: what is passed as an object costs a frame of the collector's stack.

const slotsAtFirst: u32 = 8;
const numbersAtFirst: usize = memory.data(64, 4);

let mask: u32 = slotsAtFirst - 1;
let taken: u32 = 0;
let numbers: usize = numbersAtFirst;
let held = tableOf(slotsAtFirst);

/** A place for a context that the proxy has created. */
export function openSlot(id: u32, parent: u32): u32 {
  taken += 1;
  if (taken * 2 > mask) grow();
  const slot = slotOf(id);
  store<u32>(numbers + (slot << 3), id);
  store<u32>(numbers + (slot << 3), parent, 4);
  return slot;
}

/** Where a number is; a slot without a context when it is not in use. */
export function slotOf(id: u32): u32 {
  let slot = id & mask;
  while (numberIn(slot) != 0 && numberIn(slot) != id) slot = (slot + 1) & mask;
  return slot;
}

export function numberIn(slot: u32): u32 {
  return load<u32>(numbers + (slot << 3));
}

/** 0: it is a plugin. */
export function parentIn(slot: u32): u32 {
  return load<u32>(numbers + (slot << 3), 4);
}

/** Its address; 0 when nothing has happened to it yet, or there is none. */
export function contextIn(slot: u32): usize {
  return load<usize>(changetype<usize>(held) + (slot << 2));
}

export function putContext(slot: u32, context: usize): void {
  const table = changetype<usize>(held);
  store<usize>(table + (slot << 2), context);
  __link(table, context, true);
}

/** Forgets a number, which may be one that is not in use. */
export function dropContext(id: u32): void {
  let hole = slotOf(id);
  if (numberIn(hole) == 0) return;
  taken -= 1;
  // What was put behind because its slot was taken moves up.
  for (let slot = (hole + 1) & mask; numberIn(slot) != 0; slot = (slot + 1) & mask) {
    if (((slot - numberIn(slot)) & mask) < ((slot - hole) & mask)) continue;
    store<u64>(numbers + (hole << 3), load<u64>(numbers + (slot << 3)));
    putContext(hole, contextIn(slot));
    hole = slot;
  }
  store<u64>(numbers + (hole << 3), 0);
  putContext(hole, 0);
}

/** The array's own constructor checks a length that is always right. */
function tableOf(slots: u32): StaticArray<Context | null> {
  const size: usize = slots << 2;
  return changetype<StaticArray<Context | null>>(__new(size, idof<StaticArray<Context | null>>()));
}

function grow(): void {
  const slots = mask + 1;
  const oldNumbers = numbers;
  const old = held;
  mask = slots * 2 - 1;
  numbers = heap.alloc(slots << 4);
  memory.fill(numbers, 0, slots << 4);
  held = tableOf(slots * 2);
  for (let i: u32 = 0; i < slots; i++) {
    const pair = load<u64>(oldNumbers + (i << 3));
    if (pair == 0) continue;
    const slot = slotOf(<u32>pair);
    store<u64>(numbers + (slot << 3), pair);
    putContext(slot, load<usize>(changetype<usize>(old) + (i << 2)));
  }
  if (oldNumbers != numbersAtFirst) heap.free(oldNumbers);
}
