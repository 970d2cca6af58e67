import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { namedPort, type Ports, runCommand } from "./sample-commands.ts";

const samples = path.resolve(import.meta.dirname, "../../sample-filters");

/** A command that a README shows, and what it prints; `...` stands for any lines. */
export interface Example {
  readonly command: string;
  readonly lines: readonly string[];
}

/** A server that a README starts: `node sample-filters/<file> <port> <argument> &`. */
export interface SampleServer {
  readonly file: string;
  /** Where the configuration has it. */
  readonly port: number;
  readonly args: readonly string[];
}

/** The configurations that a README runs, with files by their full names. */
export function readmeConfigs(name: string): string[] {
  const configs: string[] = [];
  for (const block of blocksOf(name, "sh")) {
    for (const [, file = ""] of block.matchAll(/^npx sluice -c sample-filters\/(\S+)( &)?$/gm)) {
      const text = readFileSync(path.join(samples, file), "utf8");
      configs.push(text.replaceAll("filename: sample-filters/", `filename: ${samples}/`));
    }
  }
  assert.ok(configs.length > 0, `the README of ${name} runs nothing`);
  return configs;
}

const port = /\b(port_value|port_redirect): (\d+)/g;

/** Ports that a configuration names. */
export function portsIn(config: string): number[] {
  return [...config.matchAll(port)].map(([, , number]) => Number(number));
}

/** A configuration on other ports. */
export function onPorts(config: string, ports: Ports): string {
  return config.replaceAll(port, (_, key: string, number: string) => {
    return `${key}: ${ports[Number(number)]!}`;
  });
}

/** The examples in the `console` blocks of a sample's README. */
export function readmeExamples(name: string): Example[] {
  const examples: Example[] = [];
  for (const block of blocksOf(name, "console")) {
    for (const part of block.split(/^\$ /m).slice(1)) {
      const [command = "", ...lines] = part.trimEnd().split("\n");
      examples.push({ command, lines });
    }
  }
  assert.ok(examples.length > 0, `the README of ${name} shows nothing`);
  return examples;
}

/** What stands in the proxy's log after the examples: the `log` blocks. */
export function readmeLogLines(name: string): string[] {
  return blocksOf(name, "log").flatMap((block) => block.trimEnd().split("\n"));
}

/** The servers that a sample's README starts before the proxy. */
export function readmeServers(name: string): SampleServer[] {
  const servers: SampleServer[] = [];
  for (const block of blocksOf(name, "sh")) {
    for (const [, file = "", port, rest = ""] of block.matchAll(
      /^node sample-filters\/(\S+\.js) (\d+)(.*) &$/gm,
    )) {
      servers.push({ file: path.join(samples, file), port: Number(port), args: wordsOf(rest) });
    }
  }
  return servers;
}

/** Runs what the example runs and compares. Statistics (port 9901) are asked for until they have arrived. */
export async function tryExample(ports: Ports, { command, lines }: Example): Promise<void> {
  const wanted = lines.map((line) =>
    line.replaceAll(/127\.0\.0\.1:(\d+)/g, (_, number) => `127.0.0.1:${ports[Number(number)]}`),
  );
  const deadline = performance.now() + (namedPort(command) === 9901 ? 20_000 : 0);
  for (;;) {
    const printed = await runCommand(command, ports);
    if (matches(printed, wanted, 0, 0)) return;
    if (performance.now() >= deadline) {
      const instead = `prints\n${printed.join("\n")}\n\ninstead of\n${wanted.join("\n")}`;
      assert.fail(`${command}\n${instead}`);
    }
    await setTimeout(50);
  }
}

function blocksOf(name: string, language: string): string[] {
  const readme = readFileSync(path.join(samples, name, "README.md"), "utf8");
  const pattern = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm");
  return [...readme.matchAll(pattern)].map(([, block = ""]) => block);
}

function wordsOf(text: string): string[] {
  return text.split(" ").filter((word) => word !== "");
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
