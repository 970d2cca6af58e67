import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { luaCorpora } from "../../differential/lua/corpus.ts";

// The table of host/docs/lua.md names the scripts that do something else than in Envoy, all of them and no others.

const page = path.resolve(import.meta.dirname, "../../../host/docs/lua.md");

function namesInTable(): string[] {
  const text = readFileSync(page, "utf8");
  const rows = text.slice(text.indexOf("| Difference ")).split("\n\n", 1)[0]!.split("\n").slice(2);
  return rows.flatMap((row) =>
    [...row.split("|")[2]!.matchAll(/`([^`]+)`/g)].map(([, name]) => name!),
  );
}

test("host/docs/lua.md lists the differences that the corpus has", () => {
  const differing = Object.values(luaCorpora)
    .flatMap(({ cases }) => cases)
    .filter(({ differs }) => differs !== undefined)
    .map(({ name }) => name);
  assert.deepEqual(namesInTable().toSorted(), differing.toSorted());
});

test("no two scripts of the corpus have one name", () => {
  const names = Object.values(luaCorpora).flatMap(({ cases }) => cases.map(({ name }) => name));
  assert.equal(new Set(names).size, names.length);
});
