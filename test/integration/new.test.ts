import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { run, sluice, sluiceBin } from "../support/command.ts";
import { askOnce } from "../support/http-exchange.ts";
import { freePort } from "../support/ports.ts";
import { RunningCommand } from "../support/running-command.ts";
import { scratchFolder } from "../support/sluice-process.ts";

// Projects from packed packages, in every language that needs no more than npm: packaging.test.ts.

const folder = scratchFolder({ after });

test("sluice new --dev makes a filter in a checkout, and it answers a request", async (t) => {
  const checkout = path.resolve(import.meta.dirname, "../..");
  mkdirSync(path.join(checkout, ".cache"), { recursive: true });
  const cwd = mkdtempSync(path.join(checkout, ".cache/new-"));
  t.after(() => rmSync(cwd, { recursive: true }));
  const port = await freePort();
  const flags = ["--lang", "lua", "--dev", "--port", String(port)];
  const command = [process.execPath, sluiceBin, "new", "first", ...flags];
  const dev = new RunningCommand(t, command, { cwd });
  await dev.until("Ctrl-C ends it.");
  const answer = await askOnce(port, { headers: { "x-name": "Ada" } });
  assert.equal(answer.headers.get("x-greeting"), "hello, Ada");
  process.kill(-dev.pid, "SIGINT");
  assert.equal(await dev.untilEnded(), 0, dev.output);
});

for (const [language, tool] of [
  ["rust", /^This filter needs Rust, .*rustup\.rs.*\n {2}rustup target add wasm32-wasip1$/m],
  ["go", /^This filter needs Go 1\.24 or later, .*go\.dev\/dl$/m],
] as const) {
  test(`sluice new --lang ${language} says what is missing where the toolchain is not installed`, async () => {
    const project = path.join(folder, `mine-${language}`);
    const env = { ...process.env, PATH: path.join(folder, "nothing") };
    const args = [sluiceBin, "new", project, "--lang", language];
    const made = await run(process.execPath, args, { env });
    assert.equal(made.code, 0, made.stderr);
    assert.match(made.stdout, /^(Rust|Go) is not installed here, .*\n\nNext:\n {2}cd /m);
    const built = await run(process.execPath, ["build.js"], { cwd: project, env });
    assert.equal(built.code, 1);
    assert.match(built.stderr, tool);
  });
}

test("sluice new ends with 1 for a folder that is there, and with 2 for a wrong command line", async () => {
  const taken = path.join(folder, "taken");
  assert.equal((await sluice("new", taken, "--lang", "lua")).code, 0);
  const again = await sluice("new", taken);
  assert.deepEqual(
    [again.code, again.stderr],
    [
      1,
      `sluice: ${taken} is there already; nothing was changed: give another name, or remove it\n`,
    ],
  );
  const wrong = await sluice("new", "Mine");
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /^sluice: 'Mine' is no name for a filter: .*\nusage: sluice new/);
});
