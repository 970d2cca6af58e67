import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { commands } from "../../../host/src/cli/commands.ts";
import { refusedFlags, switches, valueFlags } from "../../../host/src/cli/flags.ts";
import { helpText } from "../../../host/src/cli/help.ts";
import type { CommandFlag } from "../../../host/src/cli/scan-flags.ts";
import { inspectFlags } from "../../../host/src/dev/inspect/inspect.ts";
import { newFlags } from "../../../host/src/dev/new/new-arguments.ts";
import { devFlags } from "../../../host/src/dev/serve/dev-arguments.ts";
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
  const flagsOf: Readonly<Record<string, readonly CommandFlag[]>> = {
    trace: traceFlags,
    new: newFlags,
    dev: devFlags,
    inspect: inspectFlags,
  };
  for (const [command, own] of Object.entries(flagsOf)) {
    assert.deepEqual(
      rowsOf(`sluice ${command}`),
      own.map(({ name }) => name),
      command,
    );
  }
});

test("host/docs/command-line.md and helpText() name every command", () => {
  for (const { name, help } of commands) {
    assert.match(page, new RegExp(`^\\| (\\[)?\`sluice ${name}\``, "m"), name);
    assert.ok(helpText().includes(`  ${name.padEnd(8)} ${help}`), name);
  }
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
