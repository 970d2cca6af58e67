import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { filterFile, filterName } from "../../../host/src/filter-source/filter-file.ts";
import { scratchFolder } from "../../support/sluice-process.ts";

const folder = scratchFolder({ after });
const files = [
  "as/assembly/index.ts",
  "as/build/as.wasm",
  "lua/a.lua",
  "rust/build/r.wasm",
  "two/a.lua",
  "two/b.lua",
  "x.go",
];
for (const file of files) {
  mkdirSync(path.join(folder, path.dirname(file)), { recursive: true });
  writeFileSync(path.join(folder, file), "");
}

const found = (given: string): string => {
  const result = filterFile(path.join(folder, given));
  return (result.ok ? result.value : result.error).replaceAll(`${folder}/`, "");
};

test("filterFile() finds the filter of a folder, sources before what is built of them", () => {
  assert.equal(found("as"), "as/assembly/index.ts");
  assert.equal(found("lua"), "lua/a.lua");
  assert.equal(found("rust"), "rust/build/r.wasm");
  assert.equal(found("two/a.lua"), "two/a.lua");
});

test("filterFile() says what it does not find", () => {
  assert.equal(found("nothing"), "nothing: there is no such file or folder: is the path right?");
  assert.equal(found("x.go"), "x.go: a filter is a .ts, .lua or .wasm file");
  assert.match(
    found("two"),
    /^in the folder two there is more than one: two\/a\.lua, two\/b\.lua; give/,
  );
});

test("filterName() calls a filter after its file, or after the folder of index.ts", () => {
  assert.equal(filterName("/x/hello.lua"), "hello");
  assert.equal(filterName("/x/mine/assembly/index.ts"), "mine");
  assert.equal(filterName("/x/mine/index.ts"), "mine");
});
