import assert from "node:assert/strict";
import { test } from "node:test";
import { parseNewArguments } from "../../../../host/src/dev/new/new-arguments.ts";

test("parseNewArguments() takes a folder, whose last part is the name, and a language", () => {
  assert.deepEqual(parseNewArguments(["filters/my-filter", "--lang=lua"]), {
    ok: true,
    value: { name: "my-filter", folder: "filters/my-filter", language: "lua", devPort: undefined },
  });
  const dev = parseNewArguments(["a", "--dev", "--port", "8080"]);
  assert.ok(dev.ok && dev.value !== "help");
  assert.deepEqual([dev.value.language, dev.value.devPort], ["as", 8080]);
});

test("parseNewArguments() says what is wrong in one sentence", () => {
  const error = (...args: string[]): string => {
    const result = parseNewArguments(args);
    return result.ok ? "ok" : result.error;
  };
  assert.match(error(), /^What is the filter called\?/);
  assert.equal(error("a", "b"), "One filter at a time: 'a' or 'b'.");
  for (const name of ["My-filter", "1a", "a--b", "a_b", "a-", "ä", "a".repeat(65)]) {
    assert.match(error(name), /is no name for a filter/);
  }
  assert.equal(
    error("a", "--lang", "assemblyscirpt"),
    "--lang 'assemblyscirpt' is not known: perhaps as.",
  );
  assert.equal(error("a", "--lang", "cobol"), "--lang 'cobol' is not known: as, lua, rust, go.");
  assert.match(error("log", "--lang", "rust"), /^'log' has a meaning of its own in rust/);
  assert.match(error("a", "--lang", "go", "--dev"), /^--dev is for as and lua/);
  assert.equal(error("a", "--port", "1"), "--port goes with --dev.");
});
