import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

const folder = path.resolve(import.meta.dirname, "../../../abi/src/numbers");

test("abi/src/numbers holds nothing but constants, which both compilers read", () => {
  const line = /^(\/\/.*|\/\*\* .* \*\/|export const [A-Z0-9_]+ = \d+;|)$/;
  for (const file of readdirSync(folder)) {
    for (const text of readFileSync(path.join(folder, file), "utf8").split("\n")) {
      assert.match(text, line, file);
    }
  }
});
