import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { KeptBuilds } from "../../../host/src/filter-source/kept-builds.ts";
import { folderWith } from "../../support/suites.ts";

const module = Uint8Array.of(0, 0x61, 0x73, 0x6d);
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

test("KeptBuilds gives a module back while everything that it was made of is the same", () => {
  using folder = folderWith({ "a.ts": "one" });
  const builds = new KeptBuilds(path.join(folder.path, "cache"));
  const entry = path.join(folder.path, "a.ts");
  const missing = path.join(folder.path, "b.ts");
  const name = { entry, options: {}, version: "1" };
  assert.equal(builds.find(name), undefined);
  builds.keep(name, module, { read: { [entry]: sha256("one") }, absent: [missing] });
  assert.deepEqual(builds.find(name), module);
  assert.equal(builds.find({ ...name, version: "2" }), undefined, "another compiler");
  assert.equal(builds.find({ ...name, options: { optimize: false } }), undefined, "other options");
  writeFileSync(entry, "two");
  assert.equal(builds.find(name), undefined, "another source");
  writeFileSync(entry, "one");
  assert.deepEqual(builds.find(name), module);
  writeFileSync(missing, "");
  assert.equal(builds.find(name), undefined, "a file that would be read now");
  rmSync(missing);
  rmSync(entry);
  assert.equal(builds.find(name), undefined, "no source any more");
});

test("KeptBuilds keeps nothing where it cannot", () => {
  using folder = folderWith({ file: "" });
  for (const place of ["/dev/null/cache", path.join(folder.path, "file")]) {
    const builds = new KeptBuilds(place);
    const name = { entry: "a.ts", options: {}, version: "1" };
    builds.keep(name, module, { read: {}, absent: [] });
    assert.equal(builds.find(name), undefined);
  }
});
