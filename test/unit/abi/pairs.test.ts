import assert from "node:assert/strict";
import { test } from "node:test";
import { pairsByteLength, type PairSource, readPairs, writePairs } from "@sluice/abi";

function source(pairs: readonly (readonly [string, string])[]): PairSource {
  return { size: pairs.length, nameAt: (i) => pairs[i]![0], valueAt: (i) => pairs[i]![1] };
}

function written(pairs: readonly (readonly [string, string])[]): Uint8Array {
  const bytes = new Uint8Array(pairsByteLength(source(pairs)) + 3).fill(0xee);
  writePairs(source(pairs), bytes, 3);
  return bytes.subarray(3);
}

test("writePairs() writes count, lengths, then names and values ended by zero", () => {
  const bytes = written([
    ["a", "1"],
    ["b", "22"],
  ]);
  assert.equal(
    Buffer.from(bytes).toString("hex"),
    "02000000" + "01000000" + "01000000" + "01000000" + "02000000" + "61003100" + "6200323200",
  );
});

test("readPairs() gives back what writePairs() wrote, any byte and order", () => {
  const pairs: [string, string][] = [
    ["x", ""],
    ["x", "\xff\0\x80"],
    ["", "empty name"],
  ];
  assert.deepEqual(readPairs(written(pairs)), pairs);
  assert.deepEqual(readPairs(written([])), []);
});

test("readPairs() takes malformed input for no pairs", () => {
  const good = written([
    ["name", "value"],
    ["b", "2"],
  ]);
  for (let length = 0; length < good.length; length += 1) {
    assert.deepEqual(readPairs(good.slice(0, length)), [], `cut to ${length}`);
  }
  assert.deepEqual(readPairs(Uint8Array.of(...good, 0)), [], "one byte too many");
  const unterminated = Uint8Array.from(good);
  unterminated[good.length - 1] = 1;
  assert.deepEqual(readPairs(unterminated), []);
  assert.deepEqual(readPairs(Uint8Array.of(0xff, 0xff, 0xff, 0xff)), []);
  assert.deepEqual(readPairs(new Uint8Array(1_048_577)), []);
  const many = Array.from({ length: 1025 }, () => ["n", "v"] as const);
  assert.deepEqual(readPairs(written(many)), []);
  assert.equal(readPairs(written(many.slice(1))).length, 1024);
});
