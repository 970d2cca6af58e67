import assert from "node:assert/strict";
import { test } from "node:test";
import { headerMapOf } from "../../../../host/src/common/headers/header-map.ts";
import {
  addressFromForwardedFor,
  appendForwardedFor,
  joinForwardedFor,
} from "../../../../host/src/http/connection-manager/forwarded-for.ts";
import { isValidReferer } from "../../../../host/src/http/connection-manager/referer.ts";

const withList = (...lines: string[]) =>
  headerMapOf(lines.map((line) => ["x-forwarded-for", line] as const));

test("addressFromForwardedFor() counts from the right", () => {
  const headers = withList("1.1.1.1, 2.2.2.2 ,3.3.3.3");
  const ipAt = (skip: number): string | undefined => {
    const address = addressFromForwardedFor(headers, skip)?.address;
    return address?.kind === "ip" ? address.ip : undefined;
  };
  assert.deepEqual([0, 1, 2, 3].map(ipAt), ["3.3.3.3", "2.2.2.2", "1.1.1.1", undefined]);
});

test("addressFromForwardedFor() knows a single entry, and gives port 0", () => {
  assert.deepEqual(addressFromForwardedFor(withList("2001:DB8::1"), 0), {
    address: { kind: "ip", ip: "2001:db8::1", port: 0, family: 6 },
    single: true,
  });
  assert.equal(addressFromForwardedFor(withList("1.1.1.1,2.2.2.2"), 0)?.single, false);
  assert.equal(addressFromForwardedFor(withList("1.1.1.1,2.2.2.2"), 1)?.single, false);
});

test("addressFromForwardedFor() takes nothing that is not an address", () => {
  for (const list of ["", " ", ",", "x", "1.2.3.4:80", "[::1]", "1.2.3.4,", "1.2.3", "256.1.1.1"]) {
    assert.equal(addressFromForwardedFor(withList(list), 0), undefined, JSON.stringify(list));
  }
  assert.equal(addressFromForwardedFor(headerMapOf([]), 0), undefined);
  assert.equal(addressFromForwardedFor(withList(","), 2), undefined);
});

test("joinForwardedFor() makes one line of several, appendForwardedFor() adds at its end", () => {
  const headers = withList("1.1.1.1", "2.2.2.2, 3.3.3.3");
  joinForwardedFor(headers);
  appendForwardedFor(headers, "4.4.4.4");
  assert.deepEqual(headers.getAll("x-forwarded-for"), ["1.1.1.1,2.2.2.2, 3.3.3.3,4.4.4.4"]);
  const none = headerMapOf([]);
  appendForwardedFor(none, "4.4.4.4");
  assert.deepEqual(none.getAll("x-forwarded-for"), ["4.4.4.4"]);
});

test("isValidReferer() takes absolute and relative references without fragment and user", () => {
  for (const [value, valid] of [
    ["", true],
    ["http://a.com/x?y", true],
    ["https://a.com", true],
    ["/relative/path:with-colon", true],
    ["foo", true],
    ["http://", false],
    ["http://a.com:99999/", false],
    ["about:blank", false],
    ["http://user@a.com/", false],
    ["http://a.com/#f", false],
    ["a b", false],
    ["caf\xe9", false],
  ] as const) {
    assert.equal(isValidReferer(value), valid, value);
  }
});
