import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeStatsUpdate } from "../../../../../host/src/extensions/stat-sinks/wasm/stats-update.ts";

test("encodeStatsUpdate() writes counters and gauges as Envoy lays them out", () => {
  const bytes = encodeStatsUpdate({
    counters: {
      names: ["ab", "grün"],
      values: Float64Array.of(3, 2 ** 40 + 1),
      deltas: Float64Array.of(2, 0),
    },
    gauges: { names: ["abcd"], values: Float64Array.of(-1) },
  });
  const wanted = Buffer.alloc(104);
  wanted.writeUInt32LE(72, 0);
  wanted.writeUInt32LE(1, 4);
  wanted.writeUInt32LE(2, 8);
  wanted.writeUInt32LE(2, 12);
  wanted.write("ab", 16);
  wanted.writeBigUInt64LE(3n, 24);
  wanted.writeBigUInt64LE(2n, 32);
  wanted.writeUInt32LE(5, 40);
  wanted.write("grün", 44);
  wanted.writeBigUInt64LE(2n ** 40n + 1n, 56);
  wanted.writeBigUInt64LE(0n, 64);
  wanted.writeUInt32LE(32, 72);
  wanted.writeUInt32LE(2, 76);
  wanted.writeUInt32LE(1, 80);
  wanted.writeUInt32LE(4, 84);
  wanted.write("abcd", 88);
  wanted.writeBigInt64LE(-1n, 96);
  assert.deepEqual(Buffer.from(bytes), wanted);
});

test("encodeStatsUpdate() writes two empty blocks when nothing has been counted", () => {
  const none = { names: [], values: new Float64Array(0), deltas: new Float64Array(0) };
  const bytes = Buffer.from(encodeStatsUpdate({ counters: none, gauges: none }));
  const numbers = Array.from({ length: 6 }, (_, i) => bytes.readUInt32LE(4 * i));
  assert.deepEqual([bytes.length, ...numbers], [24, 12, 1, 0, 12, 2, 0]);
});
