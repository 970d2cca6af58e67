import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { run, sluiceBin } from "../support/command.ts";
import {
  type Block,
  blocksOf,
  matchesShown,
  root,
  shownCommands,
} from "../support/docs/markdown.ts";
import { askOnce, type Answer } from "../support/http-exchange.ts";
import { freePort } from "../support/ports.ts";
import { RunningCommand } from "../support/running-command.ts";
import type { Cleanup } from "../support/sluice-process.ts";

/** Somebody who does what the page says, block by block. */
class Reader {
  readonly #cleanup: Cleanup;
  readonly #port: number;
  #folder: string;
  #dev: RunningCommand | undefined = undefined;
  /** What `sluice dev` had printed when the last file was saved. */
  #printedAtSave = 0;

  constructor(cleanup: Cleanup, folder: string, port: number) {
    this.#cleanup = cleanup;
    this.#folder = folder;
    this.#port = port;
  }

  async follow(block: Block): Promise<void> {
    const { language, marks, text } = block;
    if (marks.has("file")) return this.#save(marks.get("file")!, text);
    if (marks.has("at")) return this.#configure(text);
    if (marks.has("of")) return this.#seeDev(text);
    if (marks.has("run")) return this.#start(text.trim());
    if (language === "console") {
      for (const { command, lines } of shownCommands(block)) await this.#try(command, lines);
      return;
    }
    assert.equal(language, "sh", `${block.page}:${block.line}`);
    for (const command of text.trim().split("\n")) await this.#try(command, ["..."]);
  }

  async end(): Promise<void> {
    process.kill(-this.#dev!.pid, "SIGINT");
    assert.equal(await this.#dev!.untilEnded(), 0, this.#dev!.output);
  }

  async #try(command: string, lines: readonly string[]): Promise<void> {
    const words = wordsOf(command);
    if (words[0] === "cd") {
      this.#folder = path.join(this.#folder, words[1]!);
      return;
    }
    const printed = words[0] === "curl" ? linesOf(await this.#curl(words)) : await this.#run(words);
    assert.ok(matchesShown(printed, lines), `${command}\n${printed.join("\n")}`);
  }

  async #run(words: readonly string[]): Promise<string[]> {
    const isOurs = words[0] === "npx" && words[1] === "sluice";
    const [program, args] = isOurs
      ? [process.execPath, [sluiceBin, ...words.slice(2)]]
      : [words[0]!, words.slice(1)];
    const { code, stdout, stderr } = await run(program, args, { cwd: this.#folder });
    const lines = stdout.trimEnd().split("\n");
    if (code !== 0) lines.push(`[exit code ${code}]`);
    if (code !== 0 && stderr !== "") lines.push(stderr);
    return lines;
  }

  async #curl(words: readonly string[]): Promise<Answer> {
    const [name = "", value = ""] = words[words.indexOf("-H") + 1]!.split(": ");
    const { pathname } = new URL(words.at(-1)!);
    return askOnce(this.#port, { path: pathname, headers: { [name]: value } });
  }

  async #start(command: string): Promise<void> {
    const args = [...wordsOf(command).slice(2), "--port", String(this.#port)];
    const words = [process.execPath, sluiceBin, ...args];
    this.#dev = new RunningCommand(this.#cleanup, words, { cwd: this.#folder });
    // The template takes any text for its greeting.
    await this.#dev.until("Ctrl-C ends it.");
  }

  async #save(file: string, text: string): Promise<void> {
    this.#printedAtSave = this.#dev?.output.length ?? 0;
    writeFileSync(path.join(this.#folder, file), text);
    if (file.endsWith(".ts")) await this.#dev!.until(/saved: live after/, this.#printedAtSave);
  }

  async #seeDev(text: string): Promise<void> {
    const wanted = text.trimEnd().split("\n");
    const last = wanted.at(-1)!.trim();
    const printed = await this.#dev!.until(last, this.#printedAtSave);
    const lines = printed.trimEnd().split("\n");
    const from = lines.findIndex((line) => line.includes("saved: live"));
    assert.ok(matchesShown(lines.slice(from, from + wanted.length), wanted), printed);
  }

  /** Puts the block in the place of the configuration of `sluice.yaml`. */
  #configure(text: string): void {
    const file = path.join(this.#folder, "sluice.yaml");
    const found = /^( +)configuration:\n(?:\1 +.*\n)+/m;
    const config = readFileSync(file, "utf8").replace(found, (_, indent: string) =>
      text.replaceAll(/^/gm, indent).trimEnd().concat("\n"),
    );
    assert.ok(config.includes("goodForSeconds"), config);
    writeFileSync(file, config);
  }
}

/** Words of a shell, with single quotes. */
function wordsOf(command: string): string[] {
  return [...command.matchAll(/'([^']*)'|([^\s']+)/g)].map((word) => word[1] ?? word[2]!);
}

function linesOf({ body }: Answer): string[] {
  return body.trimEnd().split("\n");
}

const page = "host/docs/tutorial.md";
// Below the checkout, where the packages are.
mkdirSync(path.join(root, ".cache"), { recursive: true });
const folder = mkdtempSync(path.join(root, ".cache/tutorial-"));
// What one section starts goes on in the next.
const cleanups: (() => void | Promise<void>)[] = [() => rmSync(folder, { recursive: true })];
after(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});
const cleanup = { after: (callback: () => void | Promise<void>) => void cleanups.push(callback) };
const reader = new Reader(cleanup, folder, await freePort());
const titles = readFileSync(path.join(root, page), "utf8")
  .split("\n")
  .flatMap((text, i) => (text.startsWith("## ") ? [{ title: text.slice(3), line: i + 1 }] : []));

for (const [i, { title, line }] of titles.entries()) {
  const end = titles[i + 1]?.line ?? Infinity;
  const blocks = blocksOf(page).filter((block) => block.line > line && block.line < end);
  if (blocks.length === 0) continue;
  test(`${page} can be followed: ${title}`, async () => {
    for (const block of blocks) await reader.follow(block);
  });
}

test("what the tutorial starts ends with Ctrl-C", () => reader.end());
