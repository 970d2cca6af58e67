import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { OwnedBuffer } from "../../../host/src/common/data-buffer.ts";

function of(...chunks: string[]): OwnedBuffer {
  const buffer = new OwnedBuffer();
  for (const chunk of chunks) buffer.append(Buffer.from(chunk, "latin1"));
  return buffer;
}

test("append() and prepend() ignore empty chunks", () => {
  const buffer = of("b", "", "c");
  buffer.prepend(Buffer.from("a"));
  buffer.prepend(Buffer.alloc(0));
  assert.equal(buffer.chunks.length, 3);
  assert.equal(buffer.length, 3);
  assert.equal(buffer.toBuffer().toString(), "abc");
  assert.equal(buffer.chunks.length, 1, "joined once, then kept");
});

test("move() takes the front of another buffer without copying", () => {
  const source = of("ab", "cd");
  const second = source.chunks[1]!;
  const target = of("x");
  target.move(source, 3);
  assert.equal(target.toBuffer().toString(), "xabc");
  assert.equal(source.toBuffer().toString(), "d");
  assert.equal(source.chunks[0]!.buffer, second.buffer);
  target.move(source);
  assert.equal(source.length, 0);
  assert.throws(() => target.move(source, 1), RangeError);
});

test("slice() is a view when the range lies in the first chunk, and joins otherwise", () => {
  const buffer = of("abc", "def");
  assert.equal(buffer.slice(1, 2).buffer, buffer.chunks[0]!.buffer);
  assert.equal(buffer.slice(2, 2).toString(), "cd");
  assert.equal(buffer.slice(6, 0).length, 0);
  assert.throws(() => buffer.slice(5, 2), RangeError);
  assert.throws(() => buffer.slice(-1, 1), RangeError);
});

test("drain() refuses more than there is", () => {
  const buffer = of("ab");
  assert.throws(() => buffer.drain(3), RangeError);
  assert.throws(() => buffer.drain(-1), RangeError);
  buffer.drain(0);
  assert.equal(buffer.length, 2);
});

test("at() gives the byte across chunks, undefined outside", () => {
  const buffer = of("ab", "c");
  assert.deepEqual(
    [buffer.at(-1), buffer.at(0), buffer.at(2), buffer.at(3)],
    [undefined, 97, 99, undefined],
  );
});

test("any sequence of changes leaves the bytes that the same changes on a string leave", () => {
  const step = fc.record({
    op: fc.constantFrom("append", "prepend", "drain", "move", "join"),
    text: fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 4 }),
    count: fc.nat(10),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      let buffer = new OwnedBuffer();
      let model = "";
      for (const { op, text, count } of steps) {
        const length = Math.min(count, model.length);
        if (op === "append") {
          buffer.append(Buffer.from(text));
          model += text;
        } else if (op === "prepend") {
          buffer.prepend(Buffer.from(text));
          model = text + model;
        } else if (op === "drain") {
          buffer.drain(length);
          model = model.slice(length);
        } else if (op === "move") {
          const moved = of("x");
          moved.move(buffer, length);
          assert.equal(buffer.length, model.length - length);
          moved.move(buffer);
          buffer = moved;
          model = `x${model}`;
        } else {
          buffer.toBuffer();
        }
        assert.equal(buffer.length, model.length);
      }
      assert.equal(buffer.chunks.map((chunk) => chunk.toString()).join(""), model);
      assert.ok(buffer.chunks.every((chunk) => chunk.length > 0));
    }),
    { numRuns: 500 },
  );
});
