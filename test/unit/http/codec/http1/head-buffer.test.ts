import assert from "node:assert/strict";
import { test } from "node:test";
import { OwnedBuffer } from "../../../../../host/src/common/data-buffer.ts";
import { HeadBuffer } from "../../../../../host/src/http/codec/http1/head-buffer.ts";
import {
  HeadKind,
  HeadScanner,
  ScanResult,
} from "../../../../../host/src/http/codec/http1/head-scanner.ts";

/** Counts the bytes that are looked at: from the first line that is not done to the end. */
class CountingScanner extends HeadScanner {
  scanned = 0;
  #lineStart = 0;

  override scan(bytes: Buffer, end: number): ScanResult {
    const lastLine = bytes.subarray(0, end).lastIndexOf("\r\n");
    this.scanned += end - this.#lineStart;
    const result = super.scan(bytes, end);
    this.#lineStart = Math.max(0, lastLine + 2);
    return result;
  }
}

function headBuffer(
  maxBytes: number,
  maxCount: number,
): { head: HeadBuffer; scanner: CountingScanner } {
  const scanner = new CountingScanner();
  scanner.reset(HeadKind.Request, maxBytes, maxCount);
  return { head: new HeadBuffer(scanner), scanner };
}

function feedBytewise(head: HeadBuffer, text: string): ScanResult {
  let result: ScanResult = ScanResult.NeedMore;
  for (const byte of Buffer.from(text, "latin1")) {
    assert.equal(result, ScanResult.NeedMore);
    result = head.take(OwnedBuffer.of(Buffer.of(byte)));
  }
  return result;
}

for (const [name, fields] of [
  ["one long field", `x: ${"v".repeat(50_000)}\r\n`],
  ["many short fields", "abc: d\r\n".repeat(100)],
  ["a long name", `${"n".repeat(50_000)}: v\r\n`],
] as const) {
  test(`take() looks at each byte a few times at most, one byte at a time: ${name}`, () => {
    const text = `GET /${"p".repeat(5000)} HTTP/1.1\r\n${fields}\r\n`;
    const { head, scanner } = headBuffer(61_440, 101);
    assert.equal(feedBytewise(head, text), ScanResult.Complete);
    assert.equal(scanner.length, text.length);
    assert.ok(
      scanner.scanned < 4 * text.length,
      `${scanner.scanned} looks at ${text.length} bytes`,
    );
    assert.ok(head.bytes.length <= 2 * text.length, "and keeps them once");
  });
}

test("take() takes nothing that lies behind the head", () => {
  const { head, scanner } = headBuffer(61_440, 100);
  const first = OwnedBuffer.latin1("GET / HTTP/1.1\r\nHo");
  assert.equal(head.take(first), ScanResult.NeedMore);
  assert.equal(first.length, 0);
  const rest = OwnedBuffer.latin1("st: a\r\n\r\nbody");
  assert.equal(head.take(rest), ScanResult.Complete);
  assert.equal(rest.toBuffer().toString(), "body");
  assert.equal(scanner.count, 1);
});

test("take() keeps no more than the limit, however much comes", () => {
  const { head, scanner } = headBuffer(1000, 10);
  assert.equal(head.take(OwnedBuffer.latin1("GET / HTTP/1.1\r\nx: ")), ScanResult.NeedMore);
  const flood = OwnedBuffer.of(Buffer.alloc(1_000_000, "v"));
  assert.equal(head.take(flood), ScanResult.Error);
  assert.equal(scanner.error?.code, 431);
  assert.ok(head.bytes.length <= 4096);
});
