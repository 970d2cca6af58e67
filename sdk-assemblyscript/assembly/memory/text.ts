import { encode, roomFor } from "./utf8";

// Texts on their way to the host. `encodeFirst` and `encodeSecond` for the arguments, the call, then `releaseTexts`.
// No host call is made inside another, and none has three. Texts of up to 682 characters live in fixed areas. They are
// given as addresses (utf8.ts).

const areaSize: usize = 2048;
const firstArea: usize = memory.data(2048, 8);
const secondArea: usize = memory.data(2048, 8);

export let firstPointer: usize = firstArea;
export let firstSize: u32 = 0;
export let secondPointer: usize = secondArea;
export let secondSize: u32 = 0;

export function encodeFirst(text: usize): void {
  firstPointer = placeFor(text, firstArea);
  firstSize = <u32>encode(text, firstPointer);
}

export function encodeSecond(text: usize): void {
  secondPointer = placeFor(text, secondArea);
  secondSize = <u32>encode(text, secondPointer);
}

/** The host call has returned. */
export function releaseTexts(): void {
  if (firstPointer != firstArea) heap.free(firstPointer);
  if (secondPointer != secondArea) heap.free(secondPointer);
  firstPointer = firstArea;
  secondPointer = secondArea;
}

function placeFor(text: usize, area: usize): usize {
  const room = roomFor(text);
  return room <= areaSize ? area : heap.alloc(room);
}
