import assert from "node:assert/strict";
import { test } from "node:test";
import { GuestMemory } from "../../../../../host/src/guest/wasm/engine/guest-memory.ts";

function attached(): [GuestMemory, WebAssembly.Memory] {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 4 });
  const guest = new GuestMemory();
  guest.attach(memory);
  return [guest, memory];
}

test("GuestMemory takes pointers and sizes as unsigned, and checks their sum", () => {
  const [guest] = attached();
  assert.ok(guest.contains(0, 65_536));
  assert.ok(guest.contains(65_536, 0));
  assert.ok(!guest.contains(65_536, 1));
  assert.ok(!guest.contains(1, 65_536));
  assert.ok(!guest.contains(-1, 2), "4294967295 + 2 does not wrap");
  assert.ok(!guest.contains(8, -8));
  assert.equal(guest.latin1(-4, 4), undefined);
  assert.equal(guest.copy(65_530, 10), undefined);
  assert.ok(!guest.setU32(65_533, 1));
  assert.ok(!guest.setU64(65_529, 1n));
  assert.equal(guest.u32(-1), undefined);
});

test("GuestMemory writes little endian, aligned or not", () => {
  const [guest] = attached();
  for (const at of [8, 9, 10, 11]) {
    assert.ok(guest.setU32(at, 0xfedcba98));
    assert.equal(guest.bytes.subarray(at, at + 4).toString("hex"), "98badcfe");
    assert.equal(guest.u32(at), 0xfedcba98);
  }
  assert.ok(guest.setU64(13, -1n));
  assert.equal(guest.bytes.readBigUInt64LE(13), 0xffff_ffff_ffff_ffffn);
});

test("GuestMemory follows the memory when it grows", () => {
  const [guest, memory] = attached();
  guest.writeLatin1(100, "before");
  memory.grow(1);
  assert.equal(guest.latin1(100, 6), "before");
  assert.ok(guest.contains(131_071, 1));
  memory.grow(1);
  assert.ok(guest.setU32(196_600, 5));
  assert.equal(guest.u32(196_600), 5);
});

test("GuestMemory reads and writes one byte per character, short and long", () => {
  const [guest] = attached();
  for (const length of [0, 1, 8, 9, 48, 49, 5000]) {
    const text = Array.from({ length }, (_, i) => String.fromCharCode((i * 7) & 255)).join("");
    guest.writeLatin1(200, text);
    assert.equal(guest.latin1(200, length), text);
  }
});

test("GuestMemory.copy() does not change with the memory", () => {
  const [guest] = attached();
  guest.writeLatin1(0, "abc");
  const copy = guest.copy(0, 3)!;
  guest.writeLatin1(0, "xyz");
  assert.equal(copy.toString(), "abc");
});

test("GuestMemory without a memory has no bytes", () => {
  const guest = new GuestMemory();
  assert.ok(guest.contains(0, 0));
  assert.ok(!guest.contains(0, 1));
});
