import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { compileFilter } from "../../sample-filters/build.js";
import { assemblyScript } from "../support/assemblyscript.ts";
import { FilterHarness, requestHead } from "../support/filter-harness.ts";
import { WasmHost, wasmInstances } from "../support/wasm.ts";

const hello = "sample-filters/hello/assembly/index.ts";

test("the memory of a filter stays as it is over streams", async () => {
  const host = new WasmHost();
  const handle = await host.load(await assemblyScript(hello));
  const instances = { W: wasmInstances(handle) };
  const run = (streams: number): number => {
    for (let i = 0; i < streams; i += 1) {
      const requestHeaders = requestHead(["x-name", `visitor ${i}`]);
      const stream = new FilterHarness({ filters: ["W"], instances, requestHeaders });
      stream.request(true).respond(true);
      stream.finish();
    }
    return handle.root.vm.memory.size;
  };
  const warm = run(1000);
  assert.ok(run(10_000) <= warm * 1.05);
});

test(
  "hello is 10 KB at most",
  { todo: "15 KB without names as it is built (-O3), 12 KB with -O3s" },
  async () => {
    const result = await compileFilter(path.resolve(import.meta.dirname, "../..", hello));
    assert.ok(result.ok);
    const module = new WebAssembly.Module(result.bytes);
    const [names] = WebAssembly.Module.customSections(module, "name");
    assert.ok(result.bytes.length - names!.byteLength <= 10_240);
  },
);
