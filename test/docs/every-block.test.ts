import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { commands } from "../../host/src/cli/commands.ts";
import { parseArguments } from "../../host/src/cli/parse-arguments.ts";
import { recordFlags } from "../../host/src/cli/record.ts";
import { type CommandFlag, scanFlags } from "../../host/src/cli/scan-flags.ts";
import { traceFlags } from "../../host/src/cli/trace-arguments.ts";
import { inspectFlags } from "../../host/src/dev/inspect/inspect.ts";
import { newFlags } from "../../host/src/dev/new/new-arguments.ts";
import { devFlags } from "../../host/src/dev/serve/dev-arguments.ts";
import { replayFlags } from "../../host/src/testing/replay/replay-command.ts";
import { testFlags } from "../../host/src/testing/test-arguments.ts";
import { type Block, blocksOf, pages, root } from "../support/docs/markdown.ts";

/** Who runs the blocks of a page in these languages. */
interface Runner {
  readonly pages: RegExp;
  readonly languages: readonly string[];
  /** Tests, below test/. */
  readonly by: string;
}

const code = ["ts", "lua", "yaml", "json", "console"];

/** The first that fits counts. */
const runners: readonly Runner[] = [
  { pages: /^README\.md$/, languages: code, by: "docs/readme.test.ts" },
  { pages: /^host\/docs\/tutorial\.md$/, languages: code, by: "docs/tutorial.test.ts" },
  {
    pages: /^host\/docs\/how-to\//,
    languages: ["ts", "lua", "console"],
    by: "docs/how-to.test.ts",
  },
  { pages: /^host\/docs\/testing\.md$/, languages: code, by: "docs/testing-page.test.ts" },
  { pages: /^host\/docs\/lua\.md$/, languages: ["lua"], by: "integration/lua-readme.test.ts" },
  { pages: /\/http-filters\/wasm\/README\.md$/, languages: ["json"], by: "sdk/transform.test.ts" },
  { pages: /^sdk-assemblyscript\/README\.md$/, languages: code, by: "sdk/readme.test.ts" },
  // Each is the declaration itself.
  { pages: /^sdk-assemblyscript\/docs\//, languages: ["ts"], by: "sdk/reference.test.ts" },
  { pages: /^sample-filters\//, languages: ["console"], by: "sample-filters/wasm.test.ts" },
  { pages: /./, languages: ["yaml"], by: "docs/config-fragments.test.ts" },
];

/**
 * What no test runs: output, drawings and logs (`text`, `log`), and sessions at a terminal, whose times and places are
 * others each time (no language); of these, and of commands (`sh`), what they name is checked below.
 */
const notRun = ["", "text", "log"];
const blocks = pages().flatMap(blocksOf);

test("every block of code in a page is run by a test", () => {
  for (const { page, line, language } of blocks) {
    if (notRun.includes(language) || language === "sh") continue;
    // Decisions tell what was tried once.
    if (page.startsWith("host/docs/decisions/")) continue;
    const runner = runners.find((it) => it.pages.test(page) && it.languages.includes(language));
    assert.ok(runner !== undefined, `${page}:${line}: no test runs this ${language}`);
    assert.ok(existsSync(path.join(root, "test", runner.by)), `${page}:${line}: ${runner.by}`);
  }
});

const manifest = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as {
  readonly scripts: Readonly<Record<string, string>>;
};
const scripts = new Set([...Object.keys(manifest.scripts), "ci", "build", "dev", "install"]);

/** Why a command of a page cannot be run; undefined: it can. */
function problemOf(command: string): string | undefined {
  const words = command.split(/\s+/).filter((word) => !/^[A-Z_]+=/.test(word));
  const [program = "", ...args] = words;
  switch (program) {
    case "npm": {
      const script = args[0] === "run" ? args[1]! : args[0]!;
      return scripts.has(script) ? undefined : `npm has no script ${script}`;
    }
    case "npx":
      return args[0] === "sluice" ? sluiceProblem(args.slice(1)) : undefined;
    case "node": {
      const file = args.find((arg) => /\.(ts|js|mjs)$/.test(arg));
      return file !== undefined && existsSync(path.join(root, file))
        ? undefined
        : `there is no ${file}`;
    }
    case "cargo": {
      const file = args[args.indexOf("--manifest-path") + 1]!;
      return existsSync(path.join(root, file)) ? undefined : `there is no ${file}`;
    }
  }
  // A program of the reader's.
  return undefined;
}

/** Of the commands; `start` hands on what it does not know. */
const flags: { readonly [command: string]: readonly CommandFlag[] | undefined } = {
  dev: devFlags,
  inspect: inspectFlags,
  new: newFlags,
  record: recordFlags,
  replay: replayFlags,
  test: testFlags,
  trace: traceFlags,
};

function sluiceProblem(args: readonly string[]): string | undefined {
  const [name = "", ...rest] = args;
  if (!name.startsWith("-")) {
    if (!commands.some((each) => each.name === name)) return `there is no ${name}`;
    const known = flags[name];
    const scanned = known === undefined ? undefined : scanFlags(rest, known);
    return scanned?.ok === false ? scanned.error : undefined;
  }
  const parsed = parseArguments(args);
  return parsed.ok ? undefined : parsed.error;
}

/** Commands without comments, lines that go on joined, and those behind each other apart. */
function commandsOf({ text }: Block): string[] {
  return text
    .replaceAll(/\\\n/g, " ")
    .split("\n")
    .flatMap((line) => line.replace(/(^|\s)#.*$/, "").split(/&&|[|&]/))
    .map((command) => command.trim())
    .filter((command) => command !== "");
}

test("every session and usage of a page names commands and flags that there are", () => {
  const lines = blocks
    .filter(({ language }) => language === "")
    .flatMap(({ page, line, text }) =>
      text.split("\n").flatMap((each, i) => {
        const [, command] = /^(?:\$ )?sluice ([a-z-].*)$/.exec(each) ?? [];
        return command === undefined ? [] : [{ place: `${page}:${line + i + 1}`, command }];
      }),
    );
  assert.ok(lines.length > 5, String(lines.length));
  for (const { place, command } of lines) {
    const words = command.replaceAll(/[[\]]/g, "").split(/\s+/);
    assert.equal(sluiceProblem(words), undefined, `${place}: ${command}`);
  }
});

test("every command of a page names scripts, files, commands and flags that there are", () => {
  const shell = blocks.filter(({ language }) => language === "sh");
  assert.ok(shell.length > 20, String(shell.length));
  for (const block of shell) {
    for (const command of commandsOf(block)) {
      assert.equal(problemOf(command), undefined, `${block.page}:${block.line}: ${command}`);
    }
  }
});
