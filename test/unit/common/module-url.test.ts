import assert from "node:assert/strict";
import { test } from "node:test";
import { moduleUrl, runsFromSource } from "../../../host/src/common/module-url.ts";

test("moduleUrl() has the extension of the module that asks", () => {
  assert.equal(moduleUrl("../w/w", "file:///x/src/a/b.ts").href, "file:///x/src/w/w.ts");
  assert.equal(moduleUrl("../w/w", "file:///x/dist/a/b.js").href, "file:///x/dist/w/w.js");
});

test("runsFromSource() is true here", () => {
  assert.equal(runsFromSource(import.meta.url), true);
  assert.equal(runsFromSource("file:///x/dist/a.js"), false);
});
