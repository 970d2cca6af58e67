import assert from "node:assert/strict";
import { test } from "node:test";
import {
  isToken,
  isValidAuthority,
  isValidHeaderName,
  isValidHeaderValue,
  isValidRequestTarget,
} from "../../../../host/src/common/headers/validation.ts";

const everyCharacter = Array.from({ length: 300 }, (_, code) => String.fromCharCode(code));

test("isToken() allows what RFC 9110 section 5.6.2 lists, and nothing else", () => {
  const allowed = everyCharacter.filter((c) => isToken(c)).join("");
  assert.equal(
    allowed,
    "!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~",
  );
  assert.equal(isToken(""), false);
  assert.equal(isToken("a b"), false);
});

test("isValidHeaderName() wants a token in lower case", () => {
  const allowed = everyCharacter.filter((c) => isValidHeaderName(c)).join("");
  assert.equal(allowed, "!#$%&'*+-.0123456789^_`abcdefghijklmnopqrstuvwxyz|~");
  for (const name of ["", "A", "a ", "a:", ":path", "a\0", "é"]) {
    assert.equal(isValidHeaderName(name), false, JSON.stringify(name));
  }
});

test("isValidHeaderValue() refuses controls and what has no byte", () => {
  const refused = everyCharacter.filter((c) => !isValidHeaderValue(`a${c}b`));
  const controls = everyCharacter.filter((c) => (c < " " && c !== "\t") || c === "\x7f");
  assert.deepEqual(refused, [...controls, ...everyCharacter.slice(256)]);
  assert.equal(isValidHeaderValue(""), true);
});

test("isValidRequestTarget() allows visible ASCII without #", () => {
  const allowed = everyCharacter.filter((c) => isValidRequestTarget(c));
  assert.deepEqual(
    allowed,
    everyCharacter.slice(33, 127).filter((c) => c !== "#"),
  );
  assert.equal(isValidRequestTarget(""), false);
});

test("isValidAuthority() allows hosts, IPv6 literals and ports", () => {
  for (const good of [
    "a",
    "a:80",
    "a:",
    "example.com",
    "1.2.3.4:8080",
    "[::1]",
    "[::1]:443",
    "[2001:db8::ffff:1.2.3.4]",
    "x_y.test",
    "a%20b",
    "service~1!$&'()*+;=",
  ]) {
    assert.equal(isValidAuthority(good), true, good);
  }
  for (const bad of [
    "",
    ":80",
    "a,b",
    "a b",
    "a@b",
    "a/b",
    "a?b",
    "a#b",
    "a:x",
    "a:80:80",
    "a:123456",
    "a\\b",
    "[::1",
    "[]",
    "[::1]x",
    "[::1]:x",
    "[fe80::1%eth0]",
    "[/]",
    "é",
    "a\0",
    "<a>",
  ]) {
    assert.equal(isValidAuthority(bad), false, JSON.stringify(bad));
  }
});
