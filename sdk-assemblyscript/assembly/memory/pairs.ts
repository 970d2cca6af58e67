import { Header } from "../hostcall/header";
import { decode, encode, encodedSize } from "./utf8";

// The ABI's form of a list of pairs: their number, lengths, then names and values, each ended by a zero byte.

export function encodePairs(headers: Header[]): ArrayBuffer {
  const count = headers.length;
  let size: usize = 4 + <usize>count * 8;
  for (let i = 0; i < count; i++) {
    const header = headers[i];
    size +=
      encodedSize(changetype<usize>(header.name)) +
      encodedSize(changetype<usize>(header.value)) +
      2;
  }
  const pairs = new ArrayBuffer(<i32>size);
  const start = changetype<usize>(pairs);
  store<u32>(start, count);
  let at = start + 4 + <usize>count * 8;
  for (let i = 0; i < count; i++) {
    const lengths = start + 4 + <usize>i * 8;
    const header = headers[i];
    store<u32>(lengths, <u32>encode(changetype<usize>(header.name), at));
    at += load<u32>(lengths) + 1;
    store<u32>(lengths + 4, <u32>encode(changetype<usize>(header.value), at));
    at += load<u32>(lengths + 4) + 1;
  }
  return pairs;
}

/** Reads what the host has written; `pointer` may be 0: no pairs. */
export function readPairs(pointer: usize): Header[] {
  if (pointer == 0) return [];
  const count = load<u32>(pointer);
  const headers = new Array<Header>(count);
  let at = pointer + 4 + <usize>count * 8;
  for (let i: u32 = 0; i < count; i++) {
    const lengths = pointer + 4 + <usize>i * 8;
    const nameSize = load<u32>(lengths);
    const valueSize = load<u32>(lengths + 4);
    const name = decode(at, nameSize);
    at += nameSize + 1;
    headers[i] = new Header(name, decode(at, valueSize));
    at += valueSize + 1;
  }
  return headers;
}
