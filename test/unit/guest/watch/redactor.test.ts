import assert from "node:assert/strict";
import { test } from "node:test";
import { redacted, Redactor } from "../../../../host/src/guest/watch/redactor.ts";
import { quoted } from "../../../../host/src/guest/watch/trace-text.ts";

const names = new Set(["authorization", "cookie"]);

test("Redactor.value() hides what secret headers hold, whatever the case of their names", () => {
  const redactor = new Redactor(names);
  assert.equal(redactor.value("Authorization", "Bearer abcdefgh"), redacted);
  assert.equal(redactor.value("accept", "text/html"), "text/html");
});

test("Redactor.text() hides a secret's value and its parts wherever they come again", () => {
  const redactor = new Redactor(names);
  redactor.learn("authorization", "Bearer tokentoken");
  redactor.learn("cookie", "theme=dark; session=0123456789");
  assert.equal(redactor.text("got tokentoken."), `got ${redacted}.`);
  assert.equal(redactor.text("id 0123456789"), `id ${redacted}`);
  assert.equal(redactor.text("Bearer tokentoken"), redacted);
  // Short pieces are part of everything.
  assert.equal(redactor.text("dark theme"), "dark theme");
});

test("quoted() keeps a text on one line, and tells how long it was", () => {
  assert.equal(quoted('a"b\\c\r\n\x00\xff', 100), '"a\\"b\\\\c\\r\\n\\x00\\xff"');
  assert.equal(quoted("abcdef", 3), '"abc"… (6 bytes)');
  assert.equal(quoted("abcdef", 3, 100_000), '"abc"… (100000 bytes)');
});
