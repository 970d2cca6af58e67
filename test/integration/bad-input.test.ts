import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { after, test } from "node:test";
import { record } from "../../host/src/cli/record.ts";
import { trace } from "../../host/src/cli/trace.ts";
import { inspect } from "../../host/src/dev/inspect/inspect.ts";
import { newFilter } from "../../host/src/dev/new/new-filter.ts";
import { serveFilters } from "../../host/src/dev/serve/serve-filters.ts";
import { replayCommand } from "../../host/src/testing/replay/replay-command.ts";
import { testCommand } from "../../host/src/testing/test-command.ts";
import { scratchFolder } from "../support/sluice-process.ts";

// What the commands for authors say of bad input: which file, why, what mends it, and the exit code. Called in this
// process; that `sluice` hands them its arguments other tests show.

const folder = scratchFolder({ after });
const probe = readFileSync(path.resolve(import.meta.dirname, "../fixtures/wasm/rust/probe.wasm"));
const recording = {
  sluiceRecording: 1,
  plugin: {
    name: "a",
    rootId: "",
    vmId: "",
    sha256: "",
    file: "gone.wasm",
    configuration: "",
    vmConfiguration: "",
    environment: [],
  },
  callbacks: [],
  begun: "2026-01-01T00:00:00.000Z",
  redacted: [],
};
const suiteOf = (file: string): string =>
  `filters: [{ file: ${file} }]\ncases: [{ name: a, request: {} }]\n`;

const files: { readonly [name: string]: string | Uint8Array } = {
  "empty.wasm": "",
  "text.wasm": "hello",
  "cut.wasm": probe.subarray(0, 3000),
  "none.lua": "",
  "bad.jsonl": "{}\n",
  "empty.jsonl": "",
  "good.jsonl": `${JSON.stringify(recording)}\n`,
  "file.txt": "x",
  "empty.test.yaml": "",
  "no-file.test.yaml": suiteOf("nowhere.wasm"),
  "cut.test.yaml": suiteOf("cut.wasm"),
  "empty-module.test.yaml": suiteOf("empty.wasm"),
  "steps.test.yaml": "filters: [{ file: none.lua }]\ncases:\n  - { name: a, steps: [] }\n",
  "closed.wasm": probe,
};
for (const [name, content] of Object.entries(files))
  writeFileSync(path.join(folder, name), content);
mkdirSync(path.join(folder, "folder"));
chmodSync(path.join(folder, "closed.wasm"), 0);
process.chdir(folder);
after(() => process.chdir("/"));

const taken = net.createServer();
await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
after(() => taken.close());
const port = String((taken.address() as net.AddressInfo).port);

const commands = {
  inspect,
  replay: replayCommand,
  test: testCommand,
  dev: serveFilters,
  new: newFilter,
  record,
  trace,
} as const;

const noFile = /: there is no such file or folder: is the path right\?/;

for (const [line, code, expected] of [
  ["inspect", 2, /Which module\?.*\nusage: sluice inspect/],
  ["inspect none.wasm", 2, noFile],
  ["inspect folder", 2, /^sluice: folder: this is a folder: give a file/],
  ["inspect empty.wasm", 78, /^sluice: empty\.wasm: the file is empty: build it again/],
  ["inspect text.wasm", 78, /text\.wasm: not a WebAssembly module: .*; build it again/],
  ["inspect cut.wasm", 78, /cut\.wasm: the module ends too early; build it again/],
  ["inspect file.txt", 78, /file\.txt: not a WebAssembly module: .*; give a \.wasm file/],

  ["replay", 2, /Which recording\?.*\nusage: sluice replay/],
  ["replay none.jsonl", 2, noFile],
  ["replay folder", 2, /folder: this is a folder/],
  ["replay empty.jsonl", 78, /empty\.jsonl: there is no recording in it; sluice record makes/],
  ["replay bad.jsonl", 78, /bad\.jsonl:1: this is no recording; sluice record makes them/],
  ["replay text.wasm", 78, /text\.wasm:1: this is no recording/],
  ["replay good.jsonl", 2, /the module is not at gone\.wasm any more; give one by --with/],
  ["replay good.jsonl --with none.wasm", 2, noFile],
  ["replay good.jsonl --with folder", 2, /--with: in the folder folder there is no filter/],
  ["replay good.jsonl --with file.txt", 2, /--with: file\.txt: a filter is a \.ts, \.lua or/],
  ["replay good.jsonl --with none.lua", 2, /none\.lua/],
  ["replay good.jsonl --with cut.wasm", 78, /the module ends too early/],
  ["replay good.jsonl --with text.wasm", 78, /not a WebAssembly module/],

  ["test none.test.yaml", 2, noFile],
  ["test folder", 2, /there are no suites \(\*\.test\.yaml\) in folder/],
  ["test text.wasm", 2, /text\.wasm: this is no suite: suites are YAML files/],
  ["test empty.test.yaml", 78, /empty\.test\.yaml:1:1: a suite is a group of fields: filters/],
  ["test no-file.test.yaml", 78, /no-file\.test\.yaml:1:19: .*there is no file .*; build it/],
  // Told as a case that fails, on standard output.
  ["test cut.test.yaml", 78, /^$/],
  ["test empty-module.test.yaml", 78, /^$/],
  ["test steps.test.yaml", 78, /steps\.test\.yaml:3:16: cases\[0\]\.steps: has no step: give/],

  ["dev", 2, /Which filter\?.*\nusage: sluice dev/],
  ["dev none.ts", 2, noFile],
  ["dev folder", 2, /in the folder folder there is no filter; give its \.ts, \.lua or \.wasm file/],
  ["dev file.txt", 2, /file\.txt: a filter is a \.ts, \.lua or \.wasm file/],
  ["dev empty.wasm", 78, /^empty\.wasm: the file is empty: build it again/],
  ["dev text.wasm", 78, /^text\.wasm: not a WebAssembly module: .*; build it again/],
  ["dev cut.wasm", 78, /^cut\.wasm: the module ends too early; build it again/],
  ["dev none.lua", 78, /^none\.lua: the script has no hook/],
  ["dev none.lua --configuration @none", 2, /a script has none/],
  ["dev text.wasm --configuration @none", 2, /--configuration @none: there is no such file/],
  [`dev none.lua --port ${port}`, 1, /: port \d+ is taken; end what .* another one: --port <n>/],
  [`dev none.lua --admin-port ${port}`, 1, /: port \d+ is taken; .*: --admin-port <n>/],

  ["new", 2, /What is the filter called\?/],
  ["new file.txt/filter", 1, /file\.txt\/filter.*: a part of the path is a file, not a folder/],
  ["new made --dev --port x", 2, /--port 'x' is not a port/],
  [`new made --dev --port ${port}`, 1, /: port \d+ is taken; .*: --port <n>/],
  ["record a -o none/x", 2, /--output none\/x: there is no such file or folder/],
  ["trace a --admin-address-path none", 2, /--admin-address-path none: there is no such file/],
] as const) {
  test(`sluice ${line.replace(port, "<taken>")} ends with ${code} and says why`, async () => {
    const said = await run(line);
    assert.equal(said.code, code, said.stderr);
    assert.match(said.stderr, expected);
    assert.doesNotMatch(said.stderr, /\n {4}at |E[A-Z]{3,}:/, "no call of the system, no stack");
  });
}

test("what may not be read is told as such", { skip: process.getuid!() === 0 }, async () => {
  for (const command of ["inspect", "dev"]) {
    const { code, stderr } = await run(`${command} closed.wasm`);
    assert.equal(code, 2);
    assert.match(stderr, /closed\.wasm: access is denied: let this user open it/);
  }
});

test("a command line that is refused leaves nothing behind", () => {
  assert.equal(existsSync("made"), false);
});

/** Runs a command line, without its first word `sluice`. */
async function run(line: string): Promise<{ readonly code: number; readonly stderr: string }> {
  const [name, ...args] = line.split(" ");
  let stderr = "";
  const write = process.stderr.write.bind(process.stderr);
  process.stderr.write = (chunk: string | Uint8Array): boolean => {
    stderr += typeof chunk === "string" ? chunk : Buffer.from(chunk).toString();
    return true;
  };
  try {
    return { code: await commands[name as keyof typeof commands](args), stderr };
  } finally {
    process.stderr.write = write;
  }
}
