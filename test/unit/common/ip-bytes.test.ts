import assert from "node:assert/strict";
import { test } from "node:test";
import { ipBytes } from "../../../host/src/common/ip-bytes.ts";

test("ipBytes() reads canonical addresses", () => {
  const hex = (text: string, family: 4 | 6) => Buffer.from(ipBytes(text, family)).toString("hex");
  assert.equal(hex("10.0.255.1", 4), "0a00ff01");
  assert.equal(hex("::", 6), "0".repeat(32));
  assert.equal(hex("::1", 6), `${"0".repeat(31)}1`);
  assert.equal(hex("2001:db8::", 6), `20010db8${"0".repeat(24)}`);
  assert.equal(hex("2001:db8::a:1", 6), `20010db8${"0".repeat(16)}000a0001`);
  assert.equal(hex("1:2:3:4:5:6:7:8", 6), "00010002000300040005000600070008");
});
