import assert from "node:assert/strict";
import { test } from "node:test";
import { readProto } from "../../../../../../host/src/guest/wasm/proxy-wasm/foreign/proto-fields.ts";

test("readProto() reads no message of more than 10,000 fields", () => {
  const message = (fields: number): Buffer => Buffer.from("\x08\x01".repeat(fields), "latin1");
  assert.equal(readProto(message(10_000))?.length, 10_000);
  assert.equal(readProto(message(10_001)), undefined);
});
