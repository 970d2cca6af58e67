import assert from "node:assert/strict";
import { renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { sluice, sluiceBin } from "../support/command.ts";
import { TestClient } from "../support/hcm-server.ts";
import { freePort } from "../support/ports.ts";
import { RunningCommand } from "../support/running-command.ts";
import { scratchFolder } from "../support/sluice-process.ts";
import { guest } from "../support/wasm-guest.ts";

/** A network filter that puts a text of one letter in front of what the client sends. */
const network = (letter: string): string => `(data (i32.const 0) "${letter}")
  (func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32)
    (if (local.get 1) (then
      (drop (call $proxy_set_buffer_bytes (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1)))))
    (i32.const 0))`;
const trap = `${network("x")}(func (export "proxy_on_configure") (param i32 i32) (result i32) unreachable)`;

/** Saves a module as compilers should, in one move. */
async function place(file: string, body: string): Promise<void> {
  writeFileSync(`${file}~`, await guest(body));
  renameSync(`${file}~`, file);
}

/** What comes back on a new connection. */
async function answered(port: number, text: string): Promise<string> {
  await using client = await TestClient.connect(port);
  client.send(text);
  let received = "";
  await client.until((all) => {
    received = all;
    return all.endsWith(text);
  });
  return received;
}

test("sluice dev runs a network filter, and the next connection sees what is saved", async (t) => {
  const folder = scratchFolder(t);
  const file = path.join(folder, "prefix.wasm");
  await place(file, network("a"));
  const port = await freePort();
  const command = [process.execPath, sluiceBin, "dev", "prefix.wasm", "--port", String(port)];
  const dev = new RunningCommand(t, command, { cwd: folder });
  await dev.until("Ctrl-C ends it.");
  let from = dev.output.length;
  assert.equal(await answered(port, "hello\n"), "ahello\n");
  const said = await dev.until(/^connection {2}prefix: .*\n.*\n/m, from);
  assert.match(
    said,
    /^connection {2}prefix: \d callbacks, 1 host call, [\d.]+us\n +proxy_set_buffer_bytes$/m,
  );

  from = dev.output.length;
  await place(file, trap);
  const refused = await dev.until("The filter that runs stays.", from);
  assert.match(refused, /^prefix\.wasm: Unable to create .*unreachable\n +It trapped while/m);
  assert.equal(await answered(port, "hello\n"), "ahello\n");

  from = dev.output.length;
  await place(file, network("b"));
  await dev.until(/^prefix\.wasm saved: live after \d+ ms$/m, from);
  // The proxy before may have taken the connection, as long as it is ending.
  const deadline = performance.now() + 30_000;
  while ((await answered(port, "hello\n").catch(() => "")) !== "bhello\n") {
    assert.ok(performance.now() < deadline);
  }
  process.kill(-dev.pid, "SIGINT");
  assert.equal(await dev.untilEnded(), 0, dev.output);
});

test("sluice dev runs a listener filter", async (t) => {
  const folder = scratchFolder(t);
  const accept = '(func (export "sluice_on_accept") (param i32) (result i32) (i32.const 0))';
  await place(path.join(folder, "gate.wasm"), accept);
  const port = await freePort();
  const command = [
    process.execPath,
    sluiceBin,
    "dev",
    "gate.wasm",
    "--port",
    String(port),
    "--calls",
  ];
  const dev = new RunningCommand(t, command, { cwd: folder });
  await dev.until("Ctrl-C ends it.");
  assert.equal(await answered(port, "hello\n"), "hello\n");
  await dev.until(/^ +sluice_on_accept\(context \d+\) = CONTINUE/m);
  process.kill(-dev.pid, "SIGINT");
  assert.equal(await dev.untilEnded(), 0, dev.output);
});

test("sluice dev ends with 78 for a network filter that cannot run, and for one that is none", async (t) => {
  const file = path.join(scratchFolder(t), "bad.wasm");
  await place(file, trap);
  const port = String(await freePort());
  const trapped = await sluice("dev", file, "--port", port);
  assert.equal(trapped.code, 78, trapped.stderr);
  assert.match(trapped.stderr, /bad\.wasm: Unable to create .*unreachable\n +It trapped/);
  const other = await sluice("dev", file, "--port", port, "--as", "listener");
  assert.equal(other.code, 78, other.stderr);
  assert.match(
    other.stderr,
    /bad\.wasm: the module is no listener filter; by its callbacks it can be: network filter\n/,
  );
});
