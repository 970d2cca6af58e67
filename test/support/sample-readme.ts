import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { type Answer, askOnce, type Question } from "./http-exchange.ts";

const samples = path.resolve(import.meta.dirname, "../../sample-filters");

/** A `curl` that a README shows, and what it prints; `...` stands for any lines. */
export interface Example {
  readonly command: string;
  readonly question: Question;
  readonly lines: readonly string[];
}

/** The configuration of a sample on other ports, with files by their full names. */
export function sampleConfig(name: string, ports: Readonly<Record<number, number>>): string {
  let text = readFileSync(path.join(samples, name, "sluice.yaml"), "utf8");
  for (const [from, to] of Object.entries(ports)) {
    text = text.replaceAll(`port_value: ${from}`, `port_value: ${to}`);
  }
  return text.replaceAll("filename: sample-filters/", `filename: ${samples}/`);
}

/** The examples in the `console` blocks of a sample's README. */
export function readmeExamples(name: string): Example[] {
  const readme = readFileSync(path.join(samples, name, "README.md"), "utf8");
  const examples: Example[] = [];
  for (const [, block = ""] of readme.matchAll(/```console\n([\s\S]*?)```/g)) {
    for (const part of block.split(/^\$ /m).slice(1)) {
      const [command = "", ...lines] = part.trimEnd().split("\n");
      examples.push({ command, question: questionOf(command), lines });
    }
  }
  assert.ok(examples.length > 0, `the README of ${name} shows nothing`);
  return examples;
}

/**
 * Asks what the example asks, at the port that the README's stands for, and compares. Statistics (port 9901) are asked
 * for until they have arrived.
 */
export async function tryExample(
  ports: Readonly<Record<number, number>>,
  { command, question, lines }: Example,
): Promise<void> {
  const asked = Number(/127\.0\.0\.1:(\d+)/.exec(command)![1]);
  const deadline = performance.now() + (asked === 9901 ? 20_000 : 0);
  for (;;) {
    const printed = linesOf(await askOnce(ports[asked]!, question));
    if (matches(printed, lines, 0, 0)) return;
    if (performance.now() >= deadline) {
      const instead = `prints\n${printed.join("\n")}\n\ninstead of\n${lines.join("\n")}`;
      assert.fail(`${command}\n${instead}`);
    }
    await setTimeout(50);
  }
}

function questionOf(command: string): Question {
  const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(
    ([, quoted, plain]) => quoted ?? plain!,
  );
  assert.equal(words[0], "curl", command);
  const headers: Record<string, string> = {};
  let body: string | undefined;
  let target = "";
  for (let i = 1; i < words.length; i += 1) {
    const word = words[i]!;
    if (word === "-H") {
      const [name = "", value = ""] = words[(i += 1)]!.split(": ");
      headers[name] = value;
    } else if (word === "-d") body = words[(i += 1)];
    else if (word !== "-i") target = word;
  }
  const { pathname, search, host } = new URL(target);
  const common = { path: pathname + search, host, headers };
  return body === undefined ? common : { ...common, method: "POST", body };
}

function linesOf({ status, headers, body }: Answer): string[] {
  const head = [...headers].map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status}`, ...head, "", ...body.trimEnd().split("\n")];
}

/** Whether the lines from `at` on are those wanted from `next` on. */
function matches(
  printed: readonly string[],
  wanted: readonly string[],
  at: number,
  next: number,
): boolean {
  if (next === wanted.length) return at === printed.length;
  const line = wanted[next]!;
  if (line === "...") {
    for (let skip = at; skip <= printed.length; skip += 1) {
      if (matches(printed, wanted, skip, next + 1)) return true;
    }
    return false;
  }
  const isSame = line.startsWith("HTTP/1.1 ")
    ? printed[at] === line.slice(0, "HTTP/1.1 200".length)
    : printed[at] === line;
  return isSame && matches(printed, wanted, at + 1, next + 1);
}
