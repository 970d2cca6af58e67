import assert from "node:assert/strict";
import { test } from "node:test";
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
  const warm = run(500);
  assert.ok(run(3000) <= warm * 1.05);
});

test("hello is 10 KB at most, besides the names of its functions", async () => {
  const code = await assemblyScript(hello);
  const names = WebAssembly.Module.customSections(new WebAssembly.Module(code), "name");
  assert.equal(names.length, 1);
  const size = code.length - names[0]!.byteLength;
  assert.ok(size <= 10_240, `${size} bytes`);
});
