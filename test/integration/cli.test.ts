import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { run, sluice, sluiceBin } from "../support/command.ts";

function folder(t: TestContext): string {
  const name = mkdtempSync(path.join(tmpdir(), "sluice-cli-"));
  t.after(() => rmSync(name, { recursive: true }));
  return name;
}

/** A bootstrap with one listener that answers by itself. */
function bootstrap(port: number, more = ""): string {
  return `
static_resources:
  listeners:
  - name: main
    address: { socket_address: { address: 127.0.0.1, port_value: ${port} } }
    filter_chains:
    - filters:
      - name: envoy.filters.network.direct_response
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.direct_response.v3.Config
          response: { inline_string: hello }
${more}`;
}

function file(t: TestContext, text: string): string {
  const name = path.join(folder(t), "sluice.yaml");
  writeFileSync(name, text);
  return name;
}

test("sluice --version prints the package's version and ends with 0", async () => {
  const manifest = readFileSync(new URL("../../host/package.json", import.meta.url), "utf8");
  const { code, stdout, stderr } = await sluice("--version");
  assert.deepEqual([code, stderr], [0, ""]);
  assert.ok(stdout.startsWith(`sluice ${JSON.parse(manifest).version} (Node.js `));
});

test("sluice --help prints every flag and ends with 0", async () => {
  for (const flag of ["--help", "-h"]) {
    const { code, stdout, stderr } = await sluice(flag);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /^usage: sluice -c <file>/);
    assert.match(stdout, /-c, --config-path <file>/);
  }
});

test("sluice ends with 2 and says what is wrong with the command line", async () => {
  const cases: [string[], RegExp][] = [
    [[], /^sluice: No configuration: give -c/],
    [["--confg-path", "x"], /Did you mean --config-path\?/],
    [["-c", "x", "--concurrency", "many"], /--concurrency 'many' is not a whole number/],
    [["-c", "x", "--base-id", "1"], /does not support Envoy's flag --base-id/],
    [["-c", "x", "-l", "loud"], /no log level 'loud'/],
  ];
  for (const [args, expected] of cases) {
    const { code, stdout, stderr } = await sluice(...args);
    assert.deepEqual([code, stdout], [2, ""], args.join(" "));
    assert.match(stderr, expected);
    assert.match(stderr, /\nusage: sluice/);
  }
});

test("sluice --mode validate says OK and ends with 0", async (t) => {
  const config = file(t, bootstrap(0));
  const { code, stdout, stderr } = await sluice("-c", config, "--mode", "validate");
  assert.deepEqual([code, stdout], [0, `configuration '${config}' OK\n`], stderr);
  const inline = await sluice("--config-yaml", bootstrap(0), "--mode=validate");
  assert.deepEqual([inline.code, inline.stdout], [0, "configuration '' OK\n"], inline.stderr);
});

test("sluice ends with 78 and names the place of each problem", async (t) => {
  const config = file(t, bootstrap(0, "  listners: []\nadmin: { adress: {} }\n"));
  for (const mode of ["validate", "serve"]) {
    const { code, stdout, stderr } = await sluice("-c", config, "--mode", mode);
    assert.deepEqual([code, stdout], [78, ""], stderr);
    assert.match(stderr, new RegExp(`${config}:\\d+:\\d+: .*listners`));
    assert.match(stderr, new RegExp(`${config}:\\d+:\\d+: .*adress`));
  }
});

test("sluice ends with 78 when the file does not exist", async () => {
  for (const mode of ["validate", "serve"]) {
    const { code, stderr } = await sluice("-c", "/nonexistent/sluice.yaml", "--mode", mode);
    assert.equal(code, 78, stderr);
    assert.match(stderr, /\/nonexistent\/sluice\.yaml/);
  }
});

test("sluice ends with 1 when a port is in use, and names it", async (t) => {
  const taken = net.createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => taken.once("listening", resolve));
  t.after(() => taken.close());
  const { port } = taken.address() as net.AddressInfo;
  const { code, stderr } = await sluice("--config-yaml", bootstrap(port), "--concurrency", "1");
  assert.equal(code, 1, stderr);
  assert.match(stderr, new RegExp(`listener 'main': cannot listen on 127\\.0\\.0\\.1:${port}: `));
});

test("sluice ends with 1 when the log cannot be written", async () => {
  const { code, stderr } = await sluice("-c", "x", "--log-path", "/nonexistent/log");
  assert.equal(code, 1);
  assert.match(stderr, /^sluice: cannot log to \/nonexistent\/log: .*ENOENT/);
});

// An old node cannot be had everywhere; a new one that says it is old takes the same way.
function oldNode(t: TestContext): string[] {
  const preload = path.join(folder(t), "old.cjs");
  writeFileSync(
    preload,
    `const versions = { ...process.versions, node: "20.20.2" };
Object.defineProperty(process, "versions", { value: versions });
Object.defineProperty(process, "version", { value: "v20.20.2" });\n`,
  );
  return ["--require", preload];
}

test("sluice on an old node runs on the packaged one, with its arguments and exit code", async (t) => {
  const old = oldNode(t);
  const version = await run(process.execPath, [...old, sluiceBin, "--version"]);
  assert.deepEqual([version.code, version.stderr], [0, ""]);
  assert.doesNotMatch(version.stdout, /20\.20\.2/);
  const usage = await run(process.execPath, [...old, sluiceBin, "-c", "a b", "--mode", "x"]);
  assert.equal(usage.code, 2);
  assert.match(usage.stderr, /--mode x is unknown/);
});

test("sluice on an old node without a packaged one prints one line and ends with 1", async (t) => {
  const alone = path.join(folder(t), "sluice.js");
  copyFileSync(sluiceBin, alone);
  writeFileSync(path.join(path.dirname(alone), "package.json"), '{ "type": "module" }');
  const { code, stdout, stderr } = await run(process.execPath, [...oldNode(t), alone, "--version"]);
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(stderr, /^sluice needs Node\.js 24 or newer, this is v20\.20\.2; [^\n]+\n$/);
});
