import assert from "node:assert/strict";
import { test } from "node:test";
import {
  HeaderId,
  headerIdOf,
  headerIdOfBytes,
  headerName,
  wellKnownCount,
} from "../../../../host/src/common/headers/header-id.ts";
import {
  hostHeaderName,
  internHeaderName,
  nextNameHash,
  type HeaderName,
} from "../../../../host/src/common/headers/header-name.ts";
import { tokenLower } from "../../../../host/src/common/headers/validation.ts";

function intern(text: string): HeaderName {
  const bytes = Buffer.from(text, "latin1");
  let hash = 0;
  for (const byte of bytes) hash = nextNameHash(hash, tokenLower[byte]!);
  return internHeaderName(bytes, 0, bytes.length, hash);
}

test("every well-known name has one number, from text and from bytes in any case", () => {
  for (let id = 1; id < wellKnownCount; id += 1) {
    const name = headerName(id);
    assert.equal(headerIdOf(name), id);
    const shouted = Buffer.from(`..${name.toUpperCase()}..`, "latin1");
    assert.equal(headerIdOfBytes(shouted, 2, 2 + name.length), id, name);
  }
  assert.equal(headerName(HeaderId.XEnvoyUpstreamServiceTime), "x-envoy-upstream-service-time");
  assert.equal(headerName(HeaderId.Authority), ":authority");
});

test("headerIdOfBytes() does not take other bytes for a hyphen or a letter", () => {
  for (const text of ["", "user\ragent", "user_agent", "\x16ia", "keep-aliv", "keep-alivee"]) {
    assert.equal(headerIdOfBytes(Buffer.from(text, "latin1"), 0, text.length), 0, text);
    assert.equal(headerIdOf(text), 0);
  }
});

test("internHeaderName() gives one object for one name, in lower case", () => {
  assert.equal(intern("X-Custom-Name"), intern("x-custom-name"));
  assert.equal(intern("X-Custom-Name").text, "x-custom-name");
  assert.equal(intern("HOST"), hostHeaderName);
  assert.equal(intern("Content-Length").id, HeaderId.ContentLength);
  assert.equal(intern("x_y").hasUnderscore, true);
});

test("internHeaderName() keeps well-known names whatever a stranger sends", () => {
  const known = intern("accept");
  for (let i = 0; i < 20_000; i += 1) {
    const name = `x-${i.toString(36)}`;
    assert.equal(intern(name).text, name);
  }
  assert.equal(intern("accept"), known);
  assert.equal(intern("host"), hostHeaderName);
});

test("isSpelledAt() is true for exactly the spelling that was remembered", () => {
  const name = intern("X-Spelled-Name");
  const before = intern("x-before");
  const bytes = Buffer.from("X-Spelled-Name: v", "latin1");
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  name.remember(words, 0, before);
  assert.equal(before.next, name);
  assert.equal(name.isSpelledAt(words, 0), true);
  for (let i = 0; i < name.text.length; i += 1) {
    for (const bit of [1, 32, 128]) {
      bytes[i] = bytes[i]! ^ bit;
      assert.equal(name.isSpelledAt(words, 0), false, `byte ${i} changed by ${bit}`);
      bytes[i] = bytes[i]! ^ bit;
    }
  }
});
