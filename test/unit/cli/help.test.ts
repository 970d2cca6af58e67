import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { refusedFlags, switches, valueFlags } from "../../../host/src/cli/flags.ts";
import { helpText } from "../../../host/src/cli/help.ts";

const page = readFileSync(new URL("../../../host/docs/command-line.md", import.meta.url), "utf8");

test("host/docs/command-line.md has a row for every flag, and only for those", () => {
  const rows = page.split("\n").filter((line) => line.startsWith("| `-"));
  const named = rows.map((row) => /--[a-z-]+/.exec(row)?.[0]);
  assert.deepEqual(
    named,
    [...valueFlags, ...switches].map(({ name }) => name),
  );
});

test("helpText() names every flag with its short form", () => {
  for (const flag of [...valueFlags, ...switches]) {
    const short = "short" in flag ? `${flag.short}, ` : "    ";
    assert.ok(helpText().includes(`  ${short}${flag.name}`), flag.name);
  }
});

test("refusedFlags are none that there are", () => {
  for (const { name } of [...valueFlags, ...switches]) assert.ok(!refusedFlags.has(name), name);
});
