import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { referenceFile, sdkReference } from "../tools/sdk-reference.ts";

test("sdk-assemblyscript/docs/reference.md is what the sources say", () => {
  const hint = "run: node -C sluice-source test/tools/sdk-reference.ts";
  assert.equal(readFileSync(referenceFile, "utf8"), sdkReference(), hint);
});

test("everything that the SDK exports says what it is", () => {
  const sections = sdkReference().split("\n## ").slice(1);
  assert.ok(sections.length > 40, String(sections.length));
  for (const section of sections) {
    const [name] = section.split("\n");
    assert.match(section, /```\n\n[A-Z0-9]/, `${name} has no comment`);
  }
});
