import assert from "node:assert/strict";
import { renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { sluice, sluiceBin } from "../support/command.ts";
import { TestClient } from "../support/hcm-server.ts";
import { freePort } from "../support/ports.ts";
import { RunningCommand } from "../support/running-command.ts";
import { scratchFolder } from "../support/sluice-process.ts";
import { prefixGuest } from "../support/prefix-guest.ts";
import { guest } from "../support/wasm-guest.ts";

/** A module that traps as it starts. */
const trap =
  guest(`(func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32) (i32.const 0))
  (func (export "proxy_on_configure") (param i32 i32) (result i32) unreachable)`);

/** Saves a module as compilers should, in one move. */
async function place(file: string, module: Promise<Uint8Array>): Promise<void> {
  writeFileSync(`${file}~`, await module);
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
  await place(file, prefixGuest("a"));
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

  await using open = await TestClient.connect(port);
  open.send("one\n");
  assert.equal(await open.until((text) => text.endsWith("one\n")), "aone\n");
  from = dev.output.length;
  await place(file, prefixGuest("b"));
  await dev.until(/^prefix\.wasm saved: live after \d+ ms$/m, from);
  assert.equal(await answered(port, "hello\n"), "bhello\n");
  // The one that was open is still there, with the filter that it had.
  open.send("two\n");
  assert.equal(await open.until((text) => text.endsWith("two\n")), "aone\natwo\n");
  process.kill(-dev.pid, "SIGINT");
  assert.equal(await dev.untilEnded(), 0, dev.output);
});

test("sluice dev runs a listener filter", async (t) => {
  const folder = scratchFolder(t);
  const accept = '(func (export "sluice_on_accept") (param i32) (result i32) (i32.const 0))';
  await place(path.join(folder, "gate.wasm"), guest(accept));
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

test("sluice dev runs an access logger, and the next request is logged by what is saved", async (t) => {
  const folder = scratchFolder(t);
  const file = path.join(folder, "notes.wasm");
  const logging = (text: string): Promise<Uint8Array> =>
    guest(`(data (i32.const 0) "${text}")
  (func (export "proxy_on_log") (param i32)
    (drop (call $proxy_log (i32.const 2) (i32.const 0) (i32.const ${text.length}))))`);
  await place(file, logging("first"));
  const port = await freePort();
  const command = [process.execPath, sluiceBin, "dev", "notes.wasm", "--port", String(port)];
  const dev = new RunningCommand(t, [...command, "--calls"], { cwd: folder });
  await dev.until("Ctrl-C ends it.");
  let from = dev.output.length;
  assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200);
  await dev.until(/^info: .*first$/m, from);
  await dev.until(/^ +proxy_log\(INFO, "first"\) = OK/m, from);
  from = dev.output.length;
  await place(file, logging("second"));
  await dev.until(/^notes\.wasm saved: live after \d+ ms$/m, from);
  assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200);
  await dev.until(/^info: .*second$/m, from);
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
