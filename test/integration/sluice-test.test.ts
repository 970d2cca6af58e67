import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { type Finished, run, sluiceBin } from "../support/command.ts";
import { folderWith } from "../support/suites.ts";

// The command `sluice test`, as a user has it.

const script = `
function envoy_on_request(handle)
  handle:headers():add("x-seen", "yes")
  handle:logInfo("seen")
end`;

const good = `
filters: [{ file: seen.lua }]
cases:
  - name: marks requests
    request: { path: /a }
    expect: { upstream: { headers: { x-seen: "yes" } } }
  - name: says so
    request: {}
    expect: { log: [info: seen] }
`;

function sluiceTest(
  folder: string,
  args: readonly string[],
  env?: NodeJS.ProcessEnv,
): Promise<Finished> {
  const all = env === undefined ? {} : { env: { ...process.env, ...env } };
  return run(process.execPath, [sluiceBin, "test", ...args], { cwd: folder, ...all });
}

test("sluice test runs the suites below the folder, and ends with 0 when all cases pass", async () => {
  using folder = folderWith({ "seen.lua": script, "seen.test.yaml": good });
  const all = await sluiceTest(folder.path, []);
  assert.equal(all.stderr, "");
  assert.equal(
    all.stdout,
    "seen.test.yaml\n  ok    marks requests\n  ok    says so\n2 cases, 2 passed\n",
  );
  assert.equal(all.code, 0);
  const one = await sluiceTest(folder.path, ["seen.test.yaml", "--name", "marks"]);
  assert.match(one.stdout, /1 case, 1 passed/);
});

test("sluice test ends with 1 when a case fails, says where, and writes JUnit's XML", async () => {
  using folder = folderWith({
    "seen.lua": script,
    "seen.test.yaml": `${good}  - name: <wrong>\n    request: {}\n    expect: { response: { status: 500 } }\n`,
  });
  const { code, stdout } = await sluiceTest(folder.path, ["--junit", "out/report.xml"]);
  assert.equal(code, 1);
  assert.match(
    stdout,
    / {2}FAIL {2}<wrong>\n {8}seen\.test\.yaml:12:35: response\.status: expected "500", got "200"\n/,
  );
  assert.match(stdout, /3 cases, 2 passed, 1 failed\n$/);
  const xml = readFileSync(path.join(folder.path, "out/report.xml"), "utf8");
  assert.match(
    xml,
    /<testsuite name="seen\.test\.yaml" tests="3" failures="1" errors="0" skipped="0" time="[\d.]+">/,
  );
  assert.match(xml, /<testcase name="marks requests" [^>]*line="4" [^>]*\/>/);
  assert.match(
    xml,
    /name="&lt;wrong&gt;"[^>]*>\s*<failure message="response\.status: expected &quot;500&quot;/,
  );
});

test("sluice test ends with 78 for suites and filters that cannot be used", async () => {
  using folder = folderWith({
    "seen.lua": script,
    "bad.lua": "function envoy_on_request(",
    "unknown.test.yaml": "filters: [{ file: seen.lua }]\ncases: [{ nam: a, request: {} }]\n",
    "load.yaml": "filters: [{ file: bad.lua }]\ncases: [{ name: a, request: {} }]\n",
  });
  const unknown = await sluiceTest(folder.path, []);
  assert.equal(unknown.code, 78);
  assert.match(
    unknown.stderr,
    /unknown\.test\.yaml:2:11: cases\[0\]: there is no field "nam" here; did you mean "name"\?/,
  );
  const load = await sluiceTest(folder.path, ["load.yaml", "--junit", "report.xml"]);
  assert.equal(load.code, 78);
  assert.match(
    readFileSync(path.join(folder.path, "report.xml"), "utf8"),
    /<testsuite name="load\.yaml" [^>]*errors="1"[^>]*>\s*<testcase [^>]*>\s*<error message="[^"]*script load error/,
  );
  assert.match(load.stdout, /load\.yaml:1:19: filters\[0\]\.file: script load error: .*expected/);
});

test("sluice test ends with 2 for command lines that are wrong", async () => {
  using folder = folderWith({
    "seen.lua": script,
    "seen.test.yaml": good,
    "none.yaml": "filters: [{ file: seen.lua }]\ncases: []\n",
  });
  for (const [args, text] of [
    [["--nme", "x"], /There is no flag --nme\. Did you mean --name\?/],
    [["--against", "nginx"], /--against 'nginx' is unknown: it is envoy/],
    [["--against", "envoy", "--costs"], /--against goes with neither --coverage nor --costs/],
    [["nowhere"], /nowhere: there is no such file or folder/],
    [["--name", "no such"], /no case has "no such" in its name/],
    [["none.yaml"], /there are no cases in the suites/],
  ] as const) {
    const { code, stderr } = await sluiceTest(folder.path, args);
    assert.equal(code, 2, args.join(" "));
    assert.match(stderr, text);
  }
  const absent = await sluiceTest(folder.path, ["--against", "envoy"], { ENVOY: "/nowhere/envoy" });
  assert.equal(absent.code, 2);
  assert.match(
    absent.stderr,
    /\/nowhere\/envoy cannot be run: put Envoy on the PATH, or name it in \$ENVOY/,
  );
  using empty = folderWith({});
  assert.match(
    (await sluiceTest(empty.path, [])).stderr,
    /there are no suites \(\*\.test\.yaml\) in \./,
  );
  const help = await sluiceTest(folder.path, ["--help"]);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /--junit <file>/);
});

test("sluice test says which of its files cannot be read or written", async () => {
  using folder = folderWith({ "seen.lua": script, "seen.test.yaml": good });
  const unwritable = await sluiceTest(folder.path, ["--junit", "seen.lua/report.xml"]);
  assert.equal(unwritable.code, 1);
  assert.match(unwritable.stderr, /^sluice: .*seen\.lua: there is a file of this name already/);
  writeFileSync(path.join(folder.path, "seen.test.snapshots.json"), "{");
  const broken = await sluiceTest(folder.path, []);
  assert.equal(broken.code, 78);
  assert.match(
    broken.stderr,
    /seen\.test\.snapshots\.json:1:1: these are no snapshots: .*; delete the file/,
  );
});

test("sluice test --update records snapshots that later runs are compared with", async () => {
  using folder = folderWith({
    "seen.lua": script,
    "seen.test.yaml":
      "filters: [{ file: seen.lua }]\ncases: [{ name: a, request: {}, expect: { snapshot: true } }]\n",
  });
  const file = path.join(folder.path, "seen.test.snapshots.json");
  const none = await sluiceTest(folder.path, []);
  assert.equal(none.code, 1);
  assert.match(none.stdout, /snapshot: there is none yet; record it by sluice test --update/);
  assert.equal((await sluiceTest(folder.path, ["--update"])).code, 0);
  assert.ok(existsSync(file));
  assert.equal((await sluiceTest(folder.path, [])).code, 0, "the same each time");
  writeFileSync(path.join(folder.path, "seen.lua"), script.replace('"yes"', '"no"'));
  const changed = await sluiceTest(folder.path, []);
  assert.equal(changed.code, 1);
  assert.match(
    changed.stdout,
    /snapshot: steps\[0\]\.requests\[0\]\.headers\.x-seen: expected "yes", got "no"/,
  );
});

test("sluice test takes the costs and the coverage of AssemblyScript", async () => {
  const metrics = path.resolve(import.meta.dirname, "../../sample-filters/metrics");
  using folder = folderWith({
    "metrics.test.yaml": `
filters: [{ file: ${metrics}/assembly/index.ts }]
cases: [{ name: get, request: {}, expect: { metrics: { wasmcustom.sample.requests.get: 1 } } }]
`,
  });
  const costs = await sluiceTest(folder.path, ["--costs"]);
  assert.match(
    costs.stdout,
    /ok {4}get {3}[\d,]+ instructions, \d+ host calls, \d+ allocations \(\d+ bytes\)/,
  );
  const covered = await sluiceTest(folder.path, ["--coverage-dir", "out"]);
  assert.equal(covered.code, 0, covered.stdout + covered.stderr);
  // There was no body, and no other method.
  assert.match(
    covered.stdout,
    /sample-filters\/metrics\/assembly\/index\.ts +\d+ of \d+ lines, \d+\.\d % +not run: [\d, -]+\n/,
  );
  assert.match(
    readFileSync(path.join(folder.path, "out/lcov.info"), "utf8"),
    /SF:.*metrics\/assembly\/index\.ts\nDA:\d+,[01]\n/,
  );
  writeFileSync(
    path.join(folder.path, "metrics.test.yaml"),
    `budget: { instructions: 10, host_calls: 100 }\n${readFileSync(path.join(folder.path, "metrics.test.yaml"), "utf8")}`,
  );
  const over = await sluiceTest(folder.path, []);
  assert.equal(over.code, 1);
  assert.match(over.stdout, /budget: \d+ instructions, 10 are allowed\n1 case/);
});

test("coverage names the lines that were run, and those that were not, in each file", async () => {
  using folder = folderWith({
    "index.ts": `import { HeaderMap, HeadersStatus, HttpFilter } from "@sluice/sdk-assemblyscript/assembly";
import { kindOf } from "./kind";

class Kinds extends HttpFilter {
  override onRequestHeaders(headers: HeaderMap, _endOfStream: bool): HeadersStatus {
    const name = headers.get("x-name");
    if (name === null) {
      headers.set("x-kind", "none");
      return HeadersStatus.Continue;
    }
    let capitals = 0;
    for (let i = 0; i < name.length; i++) {
      if (name.charCodeAt(i) < 97)
        capitals += 1;
    }
    headers.set("x-kind", kindOf(capitals));
    return HeadersStatus.Continue;
  }
}
`,
    "kind.ts": `export function kindOf(capitals: i32): string {
  switch (capitals) {
    case 0:
      return "small";
    case 1:
      return "title";
    default:
      return "large";
  }
}
`,
    "kinds.test.yaml": `
filters: [{ name: kinds, file: index.ts }]
cases: [{ name: small, request: { headers: { x-name: ab } }, expect: { upstream: { headers: { x-kind: small } } } }]
`,
  });
  const covered = await sluiceTest(folder.path, ["--coverage-dir", "out"]);
  assert.equal(covered.code, 0, covered.stdout + covered.stderr);
  const lines = readFileSync(path.join(folder.path, "out/lcov.info"), "utf8");
  const runs = [...lines.matchAll(/^SF:.*\/(\w+)\.ts\n((?:DA:.*\n)+)/gm)].map(([, name, marks]) => [
    name,
    marks!.replaceAll("DA:", "").trim().split("\n").join(" "),
  ]);
  assert.deepEqual(runs, [
    ["index", "6,1 7,1 8,0 9,0 11,1 12,1 13,1 14,0 16,1 17,1"],
    ["kind", "2,1 3,1 4,1 5,0 6,0 8,0"],
  ]);
  assert.match(covered.stdout, /not run: 8-9, 14\n/);
});

test("sluice test --watch runs again when a filter is saved", async (context) => {
  using folder = folderWith({ "seen.lua": script, "seen.test.yaml": good });
  const child = spawn(process.execPath, [sluiceBin, "test", "--watch"], {
    cwd: folder.path,
    stdio: ["ignore", "pipe", "inherit"],
  });
  context.after(() => child.kill("SIGKILL"));
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  const until = async (text: string): Promise<void> => {
    const deadline = performance.now() + 60_000;
    while (!stdout.includes(text)) {
      assert.ok(performance.now() < deadline, stdout);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  await until("2 cases, 2 passed\n");
  writeFileSync(path.join(folder.path, "seen.lua"), script.replace('"yes"', '"no"'));
  await until("2 cases, 1 passed, 1 failed\n");
});
