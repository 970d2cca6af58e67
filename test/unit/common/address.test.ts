import assert from "node:assert/strict";
import { test } from "node:test";
import {
  addressText,
  addressWithoutPort,
  canonicalIp,
  ipAddress,
  isLoopback,
} from "../../../host/src/common/address.ts";
import type { Address } from "../../../host/src/contracts/address.ts";

test("canonicalIp() gives one text for one address", () => {
  assert.deepEqual(canonicalIp("1.2.3.4"), { ip: "1.2.3.4", family: 4 });
  assert.deepEqual(canonicalIp("2001:DB8:0:0::1"), { ip: "2001:db8::1", family: 6 });
  assert.deepEqual(canonicalIp("::"), { ip: "::", family: 6 });
  assert.deepEqual(canonicalIp("::ffff:1.2.3.4"), { ip: "1.2.3.4", family: 4 });
  assert.deepEqual(canonicalIp("::ffff:102:304"), { ip: "1.2.3.4", family: 4 });
});

test("canonicalIp() refuses what is not an address", () => {
  for (const text of ["", "a", "1.2.3", "1.2.3.4:80", "01.2.3.4", "[::1]", "fe80::1%eth0", "::g"]) {
    assert.equal(canonicalIp(text), undefined, text);
  }
});

test("ipAddress() takes what sockets report, IPv4-mapped addresses as IPv4", () => {
  assert.deepEqual(ipAddress("127.0.0.1", 80), {
    kind: "ip",
    ip: "127.0.0.1",
    port: 80,
    family: 4,
  });
  assert.deepEqual(ipAddress("::ffff:10.0.0.1", 1), {
    kind: "ip",
    ip: "10.0.0.1",
    port: 1,
    family: 4,
  });
  assert.deepEqual(ipAddress("::1", 1), { kind: "ip", ip: "::1", port: 1, family: 6 });
  assert.equal(ipAddress(undefined, 1), undefined);
  assert.equal(ipAddress("1.2.3.4", undefined), undefined);
  assert.equal(ipAddress("nonsense", 1), undefined);
});

test("addressText() prints addresses as Envoy does", () => {
  const v4: Address = { kind: "ip", ip: "1.2.3.4", port: 80, family: 4 };
  const v6: Address = { kind: "ip", ip: "::1", port: 80, family: 6 };
  const pipe: Address = { kind: "pipe", path: "/run/x.sock", mode: 0 };
  assert.deepEqual([v4, v6, pipe].map(addressText), ["1.2.3.4:80", "[::1]:80", "/run/x.sock"]);
  assert.deepEqual([v4, v6, pipe].map(addressWithoutPort), ["1.2.3.4", "::1", "/run/x.sock"]);
});

test("isLoopback() knows 127.0.0.0/8 and ::1", () => {
  const ip = (text: string, family: 4 | 6): Address => ({ kind: "ip", ip: text, port: 1, family });
  assert.equal(isLoopback(ip("127.9.9.9", 4)), true);
  assert.equal(isLoopback(ip("::1", 6)), true);
  assert.equal(isLoopback(ip("128.0.0.1", 4)), false);
  assert.equal(isLoopback(ip("::2", 6)), false);
  assert.equal(isLoopback({ kind: "pipe", path: "127.", mode: 0 }), false);
});
