import assert from "node:assert/strict";
import { test } from "node:test";
import { maskedIp } from "../../../host/src/common/masked-ip.ts";

test("maskedIp() keeps the first bits and clears the others", () => {
  assert.equal(maskedIp("192.168.255.17", 4, 32), "192.168.255.17");
  assert.equal(maskedIp("192.168.255.17", 4, 20), "192.168.240.0");
  assert.equal(maskedIp("192.168.255.17", 4, 1), "128.0.0.0");
  assert.equal(maskedIp("192.168.255.17", 4, 0), "0.0.0.0");
  assert.equal(maskedIp("2001:db8::ff:1", 6, 128), "2001:db8::ff:1");
  assert.equal(maskedIp("2001:db8::ff:1", 6, 111), "2001:db8::fe:0");
  assert.equal(maskedIp("2001:db8:ffff::", 6, 33), "2001:db8:8000::");
  assert.equal(maskedIp("::1", 6, 0), "::");
});
