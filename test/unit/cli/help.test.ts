import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { refusedFlags, switches, valueFlags } from "../../../host/src/cli/flags.ts";
import { helpText } from "../../../host/src/cli/help.ts";
import { traceFlags, traceHelp } from "../../../host/src/cli/trace-arguments.ts";

const page = `\n${readFileSync(new URL("../../../host/docs/command-line.md", import.meta.url), "utf8")}`;

/** The flags that have a row in the part of the page under a title. */
function rowsOf(title: string): (string | undefined)[] {
  const part = page.split(`\n# ${title}\n`)[1] ?? page.split(`\n## ${title}\n`)[1];
  const rows = part!
    .split("\n## ")[0]!
    .split("\n")
    .filter((line) => line.startsWith("| `-"));
  return rows.map((row) => /--[a-z-]+/.exec(row)?.[0]);
}

test("host/docs/command-line.md has a row for every flag, and only for those", () => {
  assert.deepEqual(
    rowsOf("Command line"),
    [...valueFlags, ...switches].map(({ name }) => name),
  );
  assert.deepEqual(
    rowsOf("sluice trace"),
    traceFlags.map(({ name }) => name),
  );
});

test("traceHelp() names every flag of sluice trace", () => {
  for (const { name } of traceFlags)
    assert.ok(traceHelp().includes(`  ${name} `) || traceHelp().includes(`, ${name} `), name);
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
