import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { buildFilter } from "../../../host/src/filter-source/build-filter.ts";
import { scratchFolder } from "../../support/sluice-process.ts";

const folder = scratchFolder({ after });

/** Writes a file and builds it: the kind, or the problem without the folder's name. */
async function built(name: string, content: string): Promise<string> {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  const result = await buildFilter(file, { optimize: false });
  return result.ok ? result.filter.kind : result.problem.replaceAll(`${folder}/`, "");
}

// In a folder that has no packages: the SDK beside the host is used.
const filter = `import { HeaderMap, HeadersStatus, HttpFilter } from "@sluice/sdk-assemblyscript/assembly";
class Mine extends HttpFilter {
  override onRequestHeaders(_headers: HeaderMap, _endOfStream: bool): HeadersStatus {
    return HeadersStatus.Continue;
  }
}
`;

test("buildFilter() compiles AssemblyScript, and says where it does not compile", async () => {
  assert.equal(await built("filter.ts", filter), "wasm");
  const problem = await built(
    "filter.ts",
    filter.replace("return HeadersStatus", "return nothing"),
  );
  assert.match(
    problem,
    /^filter\.ts:4:12: Cannot find name 'nothing'\..*\n +return nothing\.Continue;\n +\^$/,
  );
});

test("buildFilter() looks whether a script compiles, and says where it does not", async () => {
  assert.equal(await built("filter.lua", "function envoy_on_request(handle) end"), "lua");
  assert.equal(
    await built("filter.lua", "-- first\nfunction envoy_on_request(handle"),
    "filter.lua:2:33: ')' expected near <eof>\n    function envoy_on_request(handle",
  );
});

test("buildFilter() reads modules as they are, and says what it cannot read", async () => {
  assert.equal(await built("filter.wasm", "anything"), "wasm");
  assert.equal(await built("filter.go", ""), "filter.go: a filter is a .ts, .lua or .wasm file");
  const missing = await buildFilter(path.join(folder, "none.ts"));
  assert.match(missing.ok ? "" : missing.problem, /none\.ts: there is no such file/);
});
