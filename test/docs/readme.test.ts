import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { sluiceBin } from "../support/command.ts";
import { blocksOf, matchesShown, root, shownCommands } from "../support/docs/markdown.ts";
import { askOnce, requestText } from "../support/http-exchange.ts";
import { freePort } from "../support/ports.ts";
import { RunningCommand } from "../support/running-command.ts";

/** The commands and what they lead to, under a title of README.md. */
function section(title: string): { commands: string[]; shown: ReturnType<typeof shownCommands> } {
  const readme = readFileSync(path.join(root, "README.md"), "utf8").split("\n");
  const from = readme.indexOf(`## ${title}`) + 1;
  const length = readme.slice(from).findIndex((line) => line.startsWith("## "));
  const blocks = blocksOf("README.md").filter(({ line }) => line > from && line <= from + length);
  const commands = blocks.filter(({ language }) => language === "sh").map(({ text }) => text);
  return {
    commands: commands.join("").trim().split("\n"),
    shown: blocks.filter(({ language }) => language === "console").flatMap(shownCommands),
  };
}

/** Asks what the `curl -i` asks, and compares. */
async function seen(
  port: number,
  { command, lines }: ReturnType<typeof shownCommands>[number],
): Promise<void> {
  const header = /-H '([^:]+): ([^']*)'/.exec(command);
  const headers = header === null ? {} : { [header[1]!]: header[2]! };
  const { status, headers: answered, body } = await askOnce(port, { headers });
  const head = [...answered].map(([name, value]) => `${name}: ${value}`);
  const printed = [`HTTP/1.1 ${status} OK`, ...head, "", ...body.trimEnd().split("\n")];
  assert.ok(matchesShown(printed, lines), `${requestText({ headers })}${printed.join("\n")}`);
}

test("README.md leads from a clone to a filter of one's own that answers, in three commands", async (t) => {
  const { commands, shown } = section("Write a filter");
  assert.deepEqual([commands.length, shown.length], [2, 1]);
  assert.equal(commands[0], "npm ci");
  const [npx, sluice, ...args] = commands[1]!.split(" ");
  assert.deepEqual([npx, sluice], ["npx", "sluice"]);
  mkdirSync(path.join(root, ".cache"), { recursive: true });
  const cwd = mkdtempSync(path.join(root, ".cache/readme-"));
  t.after(() => rmSync(cwd, { recursive: true }));
  const port = await freePort();
  const command = [process.execPath, sluiceBin, ...args, "--port", String(port)];
  const dev = new RunningCommand(t, command, { cwd });
  await dev.until("Ctrl-C ends it.");
  await seen(port, shown[0]!);
  process.kill(-dev.pid, "SIGINT");
  assert.equal(await dev.untilEnded(), 0, dev.output);
});

test("README.md shows what the demo answers", async (t) => {
  const { commands, shown } = section("Run it");
  assert.deepEqual(commands, ["npm ci && npm start"]);
  const [port, adminPort] = [await freePort(), await freePort()];
  const flags = ["--port", String(port), "--admin-port", String(adminPort), "--concurrency", "1"];
  const demo = new RunningCommand(t, [process.execPath, sluiceBin, "start", ...flags], {
    cwd: root,
  });
  await demo.until("Ctrl-C ends it.");
  await seen(port, shown[0]!);
  process.kill(-demo.pid, "SIGINT");
  await demo.untilEnded();
});
