import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalIp } from "../../../../host/src/common/address.ts";
import type { Address } from "../../../../host/src/contracts/address.ts";
import { InternalAddresses } from "../../../../host/src/http/connection-manager/internal-address.ts";

const address = (text: string): Address => ({ kind: "ip", port: 1, ...canonicalIp(text)! });
const ranges = [
  { ip: "10.0.0.0", family: 4, prefixLength: 8 },
  { ip: "192.168.1.128", family: 4, prefixLength: 25 },
  { ip: "1.2.3.4", family: 4, prefixLength: 32 },
  { ip: "2001:db8::", family: 6, prefixLength: 33 },
  { ip: "::1", family: 6, prefixLength: 128 },
] as const;

test("InternalAddresses.has() matches prefixes of either family, bit by bit", () => {
  const internal = new InternalAddresses(ranges, false);
  for (const [text, expected] of [
    ["10.255.255.255", true],
    ["11.0.0.0", false],
    ["192.168.1.127", false],
    ["192.168.1.128", true],
    ["1.2.3.4", true],
    ["1.2.3.5", false],
    ["2001:db8:7fff::1", true],
    ["2001:db8:8000::1", false],
    ["::1", true],
    ["::", false],
    // An IPv4-mapped address is the IPv4 address.
    ["::ffff:10.1.2.3", true],
  ] as const) {
    assert.equal(internal.has(address(text)), expected, text);
  }
});

test("InternalAddresses.has() matches everything of a family for length 0", () => {
  const internal = new InternalAddresses([{ ip: "0.0.0.0", family: 4, prefixLength: 0 }], false);
  assert.equal(internal.has(address("8.8.8.8")), true);
  assert.equal(internal.has(address("::1")), false);
});

test("InternalAddresses.has() counts Unix sockets when told to", () => {
  const pipe: Address = { kind: "pipe", path: "/x", mode: 0 };
  assert.equal(new InternalAddresses(ranges, false).has(pipe), false);
  assert.equal(new InternalAddresses([], true).has(pipe), true);
});

test("InternalAddresses.none says that nothing can be internal", () => {
  assert.equal(new InternalAddresses([], false).none, true);
  assert.equal(new InternalAddresses(ranges, false).none, false);
  assert.equal(new InternalAddresses([], true).none, false);
});
