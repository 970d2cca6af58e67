import assert from "node:assert/strict";
import { test } from "node:test";
import {
  changeText,
  headerChanges,
  type HeaderList,
  type MessageState,
  redactChange,
} from "../../../../host/src/guest/watch/message-change.ts";
import { Redactor } from "../../../../host/src/guest/watch/redactor.ts";

const message = (
  headers: HeaderList | undefined,
  bodyBytes = 0,
  trailers?: HeaderList,
): MessageState => ({ headers, bodyBytes, trailers });
const head: HeaderList = [
  [":method", "GET"],
  [":path", "/a"],
  ["x", "1"],
];

test("headerChanges() compares all values of a name", () => {
  const from: HeaderList = [...head, ["x", "2"], ["same", "s"], ["gone", "g"]];
  const to: HeaderList = [...head.slice(0, 2), ["x", "2"], ["same", "s"], ["new", "n"]];
  assert.deepEqual(headerChanges(from, to), [
    { name: "x", from: ["1", "2"], to: ["2"] },
    { name: "gone", from: ["g"], to: [] },
    { name: "new", from: [], to: ["n"] },
  ]);
});

test("changeText() names what is different, and says when nothing is or when nothing came out", () => {
  const text = (front: MessageState, back: MessageState): string =>
    changeText({ direction: "request", front, back }, 16);
  assert.equal(text(message(head), message(head)), "request GET /a: not changed");
  assert.equal(text(message(head), message(undefined)), "request GET /a: not passed on");
  const changed: HeaderList = [
    [":method", "GET"],
    [":path", "/b"],
    ["long", "0123456789abcdefgh"],
  ];
  assert.equal(
    text(message(head, 3, [["t", "1"]]), message(changed, 5, [["t", "2"]])),
    'request GET /a: :path "/a" -> "/b"; x removed; long added "0123456789abcdef"… (18 bytes); trailer t "1" -> "2"; body 3 -> 5 bytes',
  );
});

test("redactChange() hides secrets under every name", () => {
  const redactor = new Redactor(new Set(["authorization"]));
  const front = message([["authorization", "Bearer 0123456789"]]);
  const back = message([["x-copy", "0123456789"]]);
  const clean = redactChange({ direction: "request", front, back }, redactor);
  assert.deepEqual(clean.front.headers, [["authorization", "[redacted]"]]);
  assert.deepEqual(clean.back.headers, [["x-copy", "[redacted]"]]);
});
