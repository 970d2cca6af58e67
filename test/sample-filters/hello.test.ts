import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { buildSample, formatProblem, sampleNames } from "../../sample-filters/build.js";
import { FilterHarness, requestHead } from "../support/filter-harness.ts";
import { pluginSettings, WasmHost, wasmInstances } from "../support/wasm.ts";

const root = path.resolve(import.meta.dirname, "../..");

/** A copy of the samples that may be changed, inside the repository so that packages are found. */
function copyOfSamples(): string {
  mkdirSync(path.join(root, ".cache"), { recursive: true });
  const folder = mkdtempSync(path.join(root, ".cache", "samples-"));
  cpSync(path.join(root, "sample-filters/hello"), path.join(folder, "hello"), { recursive: true });
  return folder;
}

test("hello is built, greets as its README says, and goes on after a broken save", async () => {
  assert.ok(sampleNames().includes("hello"));
  const folder = copyOfSamples();
  try {
    const built = await buildSample("hello", folder);
    assert.ok(built.ok);
    const host = new WasmHost();
    const greet = async (configuration: string, ...name: string[]): Promise<string | undefined> => {
      const handle = await host.load(readFileSync(built.file), pluginSettings({ configuration }));
      const requestHeaders =
        name.length === 0 ? requestHead() : requestHead(["x-name", name.join("")]);
      const instances = { W: wasmInstances(handle) };
      const stream = new FilterHarness({ filters: ["W"], instances, requestHeaders });
      stream.request(true).respond(true);
      return stream.responseHeaders!.get("x-hello-wasm");
    };
    assert.equal(await greet("good morning", "Ada"), "good morning, Ada");
    assert.equal(await greet(""), "hello, world");

    const file = path.join(folder, "hello/assembly/index.ts");
    const source = readFileSync(file, "utf8");
    writeFileSync(file, source.replace('headers.get("x-name")', 'headers.gett("x-name")'));
    const before = readFileSync(built.file);
    const broken = await buildSample("hello", folder);
    assert.ok(!broken.ok);
    assert.match(
      formatProblem(broken.problems[0]!),
      /index\.ts:33:26: Property 'gett' does not exist on type .*\n {6}const name = headers\.gett\("x-name"\);\n {27}\^/,
    );
    assert.deepEqual(readFileSync(built.file), before, "the module is as it was");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
