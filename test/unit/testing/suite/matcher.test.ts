import assert from "node:assert/strict";
import { test } from "node:test";
import {
  equalTo,
  type Matcher,
  meets,
  shown,
  wanted,
} from "../../../../host/src/testing/suite/matcher.ts";

const bytes = (text: string): Buffer => Buffer.from(text);
const textual = (kind: "contains" | "starts" | "ends", text: string): Matcher => ({
  kind,
  bytes: bytes(text),
  text: JSON.stringify(text),
});

test("meets() compares bytes", () => {
  assert.ok(meets(equalTo("é"), bytes("é")));
  assert.ok(!meets(equalTo("é"), Buffer.from("é", "latin1")));
  assert.ok(meets(textual("contains", "b"), bytes("abc")));
  assert.ok(meets(textual("starts", "ab"), bytes("abc")));
  assert.ok(!meets(textual("starts", "abcd"), bytes("abc")));
  assert.ok(meets(textual("ends", "bc"), bytes("abc")));
  assert.ok(!meets(textual("ends", "zabc"), bytes("abc")));
  assert.ok(meets({ kind: "matches", pattern: /^a.c$/s }, bytes("a\nc")));
  assert.ok(meets({ kind: "bytes", count: 2 }, bytes("é")));
});

test("meets() compares JSON by value", () => {
  assert.ok(
    meets({ kind: "json", value: { a: 1, b: [null] } }, bytes('{ "b": [null], "a": 1.0 }')),
  );
  assert.ok(!meets({ kind: "json", value: { a: 1 } }, bytes('{"a": 1, "b": 2}')));
  assert.ok(!meets({ kind: "json", value: {} }, bytes("{")));
});

test("meets() tells absent from empty", () => {
  assert.ok(meets({ kind: "absent" }, undefined));
  assert.ok(!meets({ kind: "absent" }, bytes("")));
  assert.ok(meets({ kind: "present" }, bytes("")));
  assert.ok(!meets(equalTo(""), undefined));
  assert.ok(meets({ kind: "not", matcher: equalTo("a") }, undefined));
  assert.ok(
    meets({ kind: "all", matchers: [textual("starts", "a"), textual("ends", "c")] }, bytes("abc")),
  );
});

test("wanted() and shown() say on one line what was expected and what came", () => {
  assert.equal(wanted(equalTo('a"b')), '"a\\"b"');
  assert.equal(
    wanted({
      kind: "all",
      matchers: [textual("contains", "a"), { kind: "not", matcher: equalTo("b") }],
    }),
    'something with "a" in it and not "b"',
  );
  assert.equal(shown(undefined), "nothing");
  assert.equal(shown(bytes("a\nb")), '"a\\nb"');
  assert.equal(shown(Buffer.from([0xff, 0])), "hex ff00");
  assert.match(shown(bytes("x".repeat(1000))), /^"x{300}"… \(1000 bytes\)$/);
});
