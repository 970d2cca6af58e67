import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";

export const root = path.resolve(import.meta.dirname, "../../..");

/** A fenced block of a page. */
export interface Block {
  /** Relative to the checkout. */
  readonly page: string;
  /** Of the fence, from 1. */
  readonly line: number;
  /** Empty: none is given. */
  readonly language: string;
  /** `file=x` behind the language, and the like. */
  readonly marks: ReadonlyMap<string, string>;
  readonly text: string;
}

/** The blocks of a page, in order. */
export function blocksOf(page: string): Block[] {
  const text = readFileSync(path.join(root, page), "utf8");
  const found = text.matchAll(/^```(\S*)(.*)\n([\s\S]*?)^```$/gm);
  return [...found].map(({ index, 1: language = "", 2: marks = "", 3: content = "" }) => ({
    page,
    line: text.slice(0, index).split("\n").length,
    language,
    marks: new Map(
      marks
        .trim()
        .split(" ")
        .filter((mark) => mark !== "")
        .map((mark) => mark.split("=") as [string, string]),
    ),
    text: content,
  }));
}

/** Every page of the repository, but for those that become pages of new projects. */
export function pages(): string[] {
  const args = ["ls-files", "-co", "--exclude-standard", "*.md"];
  const names = execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim().split("\n");
  return names.filter((name) => !name.startsWith("host/templates/"));
}

/** A command that a `console` block shows, and what it prints. */
export interface ShownCommand {
  readonly command: string;
  readonly lines: readonly string[];
}

export function shownCommands({ text }: Block): ShownCommand[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [command = "", ...lines] = part.trimEnd().split("\n");
      return { command, lines };
    });
}

/** Whether lines are as they are shown: `...` stands for any lines, and within a line for any text. */
export function matchesShown(printed: readonly string[], shown: readonly string[]): boolean {
  const pattern = shown
    .map((line) =>
      line === "..." ? "(?:.*\n)*" : `${escape(line).replaceAll("\\.\\.\\.", ".*")} *\n`,
    )
    .join("");
  return new RegExp(`^${pattern}$`).test(printed.map((line) => `${line}\n`).join(""));
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
