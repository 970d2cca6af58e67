import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { operators } from "../../../host/src/formatter/formatter.ts";

test("host/docs/access-log.md names every command operator", () => {
  const docs = readFileSync(new URL("../../../host/docs/access-log.md", import.meta.url), "utf8");
  const missing = Object.keys(operators).filter(
    (name) => !new RegExp(`\`${name}(\\(|\`)`).test(docs),
  );
  assert.deepEqual(missing, []);
});

test("host/docs/access-log.md names no operator that does not exist", () => {
  const docs = readFileSync(new URL("../../../host/docs/access-log.md", import.meta.url), "utf8");
  const table = docs.slice(docs.indexOf("## Operators"), docs.indexOf("These have no value"));
  const named = [...table.matchAll(/^\| (`[^|]*(?:\\\|[^|]*)*) \|/gm)].flatMap(([, cell]) =>
    [...cell!.matchAll(/`([A-Z_0-9]+)/g)].map(([, name]) => name!),
  );
  assert.ok(named.length > 50);
  assert.deepEqual(
    named.filter((name) => !Object.hasOwn(operators, name)),
    [],
  );
});
