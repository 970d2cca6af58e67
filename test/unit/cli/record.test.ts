import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRecordArguments } from "../../../host/src/cli/record.ts";

test("parseRecordArguments() takes the plugin, which streams, and where recordings go", () => {
  const parsed = parseRecordArguments(
    "hello --on-trap --one-in 100 -n 3 --duration=3600 --max-bytes 5000 --redact x-key -o out.jsonl --admin [::1]:1".split(
      " ",
    ),
  );
  assert.ok(parsed.ok);
  assert.equal(
    parsed.value.params.toString(),
    "guest=hello&one_in=100&streams=3&duration_s=3600&max_bytes=5000&redact=x-key&on_trap=1",
  );
  assert.equal(parsed.value.output, "out.jsonl");
  assert.deepEqual(parsed.value.admin, { host: "::1", port: 1 });
});

test("parseRecordArguments() says what is wrong", () => {
  for (const [args, text] of [
    [[], "Which plugin? Give the name of a Wasm plugin."],
    [["a", "b"], "One plugin at a time: 'a' or 'b'."],
    [["a", "--on-trpa"], "There is no flag --on-trpa. Did you mean --on-trap?"],
    [["a", "--output"], "--output needs a value: --output <file>."],
  ] as const) {
    const parsed = parseRecordArguments(args);
    assert.equal(parsed.ok ? "" : parsed.error, text);
  }
});
