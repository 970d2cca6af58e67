import assert from "node:assert/strict";
import { test } from "node:test";
import { OwnedBuffer } from "../../../../host/src/common/data-buffer.ts";
import { WatermarkBuffer } from "../../../../host/src/http/filter-manager/watermark-buffer.ts";

function recorded(limit: number): { buffer: WatermarkBuffer; told: string[] } {
  const told: string[] = [];
  const buffer = new WatermarkBuffer(
    limit,
    () => told.push(`high at ${buffer.length}`),
    () => told.push(`low at ${buffer.length}`),
  );
  return { buffer, told };
}

test("WatermarkBuffer reports rising above the limit and falling to half of it, in turn", () => {
  const { buffer, told } = recorded(4);
  buffer.append(Buffer.from("1234"));
  buffer.prepend(Buffer.from("0"));
  buffer.append(Buffer.from("5"));
  buffer.drain(3);
  buffer.drain(1);
  buffer.drain(2);
  buffer.append(Buffer.from("12345"));
  assert.deepEqual(told, ["high at 5", "low at 2", "high at 5"]);
});

test("WatermarkBuffer.move() is one change", () => {
  const { buffer, told } = recorded(3);
  const source = new OwnedBuffer();
  for (const part of ["ab", "cd", "ef"]) source.append(Buffer.from(part));
  buffer.move(source);
  assert.deepEqual(told, ["high at 6"]);
  assert.equal(source.length, 0);
});

test("WatermarkBuffer.setLimit() checks at once; 0 is no limit", () => {
  const { buffer, told } = recorded(0);
  buffer.append(Buffer.alloc(100));
  assert.deepEqual(told, []);
  buffer.setLimit(10);
  buffer.setLimit(0);
  assert.deepEqual(told, ["high at 100", "low at 100"]);
});
