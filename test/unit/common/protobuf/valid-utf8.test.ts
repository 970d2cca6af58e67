import assert from "node:assert/strict";
import { isUtf8 } from "node:buffer";
import { test } from "node:test";
import { validUtf8 } from "../../../../host/src/common/protobuf/valid-utf8.ts";
import { SeededRandom } from "../../../support/seeded-random.ts";

test("validUtf8() puts an exclamation mark in the place of each byte that belongs to no character", () => {
  const bytes = (text: string): string => Buffer.from(text).toString("latin1");
  assert.equal(validUtf8("plain"), "plain");
  assert.equal(validUtf8(bytes("äöü€𐍈")), bytes("äöü€𐍈"));
  assert.equal(validUtf8(`\xff${bytes("ä")}\xc3`), `!${bytes("ä")}!`);
  assert.equal(validUtf8("\xe2\x82x"), "!!x");
  // Too long, a surrogate, beyond the last character.
  assert.equal(validUtf8("\xc0\xaf \xed\xa0\x80 \xf4\x90\x80\x80"), "!! !!! !!!!");
});

test("validUtf8() gives UTF-8 whatever it is given", () => {
  const random = new SeededRandom(3);
  for (let i = 0; i < 2000; i += 1) {
    const text = String.fromCharCode(...Array.from({ length: 12 }, () => random.below(256)));
    assert.ok(isUtf8(Buffer.from(validUtf8(text), "latin1")), JSON.stringify(text));
  }
});
