import assert from "node:assert/strict";
import { test } from "node:test";
import { HeaderId } from "../../../../host/src/common/headers/header-id.ts";
import {
  invalidName,
  pseudoHeaderName,
  readFieldName,
  readFieldValue,
} from "../../../../host/src/common/headers/read-field.ts";

const around = (text: string): Buffer => Buffer.from(`<${text}>`, "latin1");
const name = (text: string): ReturnType<typeof readFieldName> =>
  readFieldName(around(text), 1, 1 + text.length);
const value = (text: string): string | undefined =>
  readFieldValue(around(text), 1, 1 + text.length);

test("readFieldName() gives one name for all cases of letters, with its number", () => {
  assert.equal(name("X-Trace").text, "x-trace");
  assert.equal(name("x-TRACE"), name("X-Trace"));
  assert.equal(name("x-trace").id, 0);
  assert.equal(name("Content-Type").id, HeaderId.ContentType);
});

test("readFieldName() tells names apart that begin, go on and end alike", () => {
  for (let round = 0; round < 2; round += 1) {
    for (const text of ["x-abc-z", "x-aac-z", "x-abb-z", "x-bbc-z"]) {
      assert.equal(name(text).text, text);
    }
  }
});

test("readFieldName() knows the pseudo headers, and nothing else with a colon", () => {
  assert.equal(name(":PATH"), pseudoHeaderName(HeaderId.Path));
  assert.equal(name(":authority").id, HeaderId.Authority);
  for (const text of [":", ":host", "a:b", ":path:"]) assert.equal(name(text), invalidName);
});

test("readFieldName() gives the invalid name for what is no token", () => {
  // Twice: what was refused once is not kept.
  for (const text of ["", "", "x y", "x y", "x\0", "x\r\n", "é", "[-name", "[-name"]) {
    assert.equal(name(text), invalidName, JSON.stringify(text));
  }
  assert.equal(name("x".repeat(300)).text, "x".repeat(300));
});

test("readFieldValue() gives every byte as a character, however often it is asked", () => {
  for (let round = 0; round < 2; round += 1) {
    for (const text of ["", "a", "A", "a\tb", "\x80\xff", "hello, world", "hello, World"]) {
      assert.equal(value(text), text);
    }
    assert.equal(value("v".repeat(1000)), "v".repeat(1000));
  }
});

test("readFieldValue() refuses what may not stand in a message", () => {
  for (const text of ["\0", "a\r", "a\nb", "\x7f", "\x1f", "x".repeat(100) + "\n"]) {
    assert.equal(value(text), undefined, JSON.stringify(text));
  }
});
