import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { sluice } from "../support/command.ts";
import { scratchFolder } from "../support/sluice-process.ts";

const module = path.resolve(import.meta.dirname, "../fixtures/wasm/rust/probe.wasm");

test("sluice inspect prints a report, or all of it as JSON", async () => {
  const text = await sluice("inspect", module, "--top", "2");
  assert.equal(text.code, 0, text.stderr);
  assert.match(text.stdout, /probe\.wasm: 170\.3 KiB, sha256 /);
  const json = await sluice("inspect", "--json", module);
  assert.equal(json.code, 0, json.stderr);
  assert.equal(JSON.parse(json.stdout).abiVersion, "0.2.1");
});

test("sluice inspect ends with 1 for what it cannot run, with 78 for what is no module", async (t) => {
  const folder = scratchFolder(t);
  const source = path.join(folder, "filter.ts");
  writeFileSync(source, "export {};\n");
  const notBuilt = await sluice("inspect", source);
  assert.equal(notBuilt.code, 78);
  assert.match(
    notBuilt.stderr,
    /filter\.ts: not a WebAssembly module: .*; this is source: build it first/,
  );
  const empty = path.join(folder, "empty.wasm");
  writeFileSync(empty, Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]));
  const refused = await sluice("inspect", empty);
  assert.equal(refused.code, 1);
  assert.match(refused.stdout, /Sluice .* no\n +Missing or unknown Proxy-Wasm ABI version/);
  const usage = await sluice("inspect", "--jsn", empty);
  assert.equal(usage.code, 2);
  assert.match(usage.stderr, /There is no flag --jsn\. Did you mean --json\?/);
  assert.equal((await sluice("inspect")).code, 2);
});
