import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { assemblyScript } from "../support/assemblyscript.ts";

// The SDK's UTF-8 beside that of the platform.

interface Exports {
  readonly memory: WebAssembly.Memory;
  _initialize(): void;
  place(): number;
  decoded(size: number): number;
  encoded(units: number): number;
}

const code = await assemblyScript("test/fixtures/wasm/assembly/utf8.ts");
const module = new WebAssembly.Module(code);
const env = { proxy_log: () => 0 };
const guest = new WebAssembly.Instance(module, { env }).exports as unknown as Exports;
guest._initialize();
const area = guest.place();

function bytesAt(size: number): Buffer {
  return Buffer.from(guest.memory.buffer, area, size);
}

function decode(bytes: Uint8Array): string {
  bytesAt(bytes.length).set(bytes);
  return bytesAt(2 * guest.decoded(bytes.length)).toString("utf16le");
}

function encode(text: string): Buffer {
  bytesAt(2 * text.length).write(text, "utf16le");
  const size = guest.encoded(text.length);
  assert.ok(size >= 0, "encodedSize() is wrong");
  return Buffer.from(bytesAt(size));
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const special = [
  0x7f, 0x80, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff,
];
const byte = fc.oneof(
  fc.nat(255),
  fc.constantFrom(...special),
  fc.constantFrom(0x9f, 0xa0, 0x8f, 0x90),
);

test("decode() makes of any bytes what the platform makes of them", () => {
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 40 }), (bytes) => {
      const given = Uint8Array.from(bytes);
      assert.equal(decode(given), decoder.decode(given));
    }),
    { numRuns: 3000 },
  );
});

test("encode() makes of any string what the platform makes of it", () => {
  const unit = fc.oneof(
    fc.nat(0x7f),
    fc.nat(0xffff),
    fc.integer({ min: 0xd7ff, max: 0xe000 }),
    fc.constantFrom(0x7f, 0x80, 0x7ff, 0x800, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xffff),
  );
  fc.assert(
    fc.property(fc.array(unit, { maxLength: 40 }), (units) => {
      const text = String.fromCharCode(...units);
      assert.deepEqual(encode(text), Buffer.from(new TextEncoder().encode(text)));
    }),
    { numRuns: 3000 },
  );
});
