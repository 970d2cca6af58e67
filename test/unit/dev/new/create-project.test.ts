import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { createProject } from "../../../../host/src/dev/new/create-project.ts";
import { type Language, languages } from "../../../../host/src/dev/new/new-arguments.ts";
import { scratchFolder } from "../../../support/sluice-process.ts";

const parent = scratchFolder({ after });

for (const language of Object.keys(languages) as Language[]) {
  test(`createProject() writes a filter, its suite, a configuration and a README: ${language}`, () => {
    const folder = path.join(parent, `shout-${language}`);
    const created = createProject({ name: "shout-it", folder, language, version: "1.2.3" });
    assert.ok(created.ok, created.ok ? "" : created.error);
    for (const file of ["shout-it.test.yaml", "sluice.yaml", "README.md", ".gitignore"]) {
      assert.ok(created.value.includes(file), file);
    }
    for (const file of created.value) {
      const text = readFileSync(path.join(folder, file), "utf8");
      assert.doesNotMatch(text, /my-filter|my_filter|"PACKAGE"/, file);
    }
    const manifest = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"));
    assert.equal(manifest.name, "shout-it");
    assert.equal(manifest.devDependencies["@sluice/host"], "^1.2.3");
  });
}

test("createProject() leaves a folder alone that has something in it", () => {
  const folder = path.join(parent, "shout-as");
  const before = readFileSync(path.join(folder, "package.json"), "utf8");
  const options = { name: "other", folder, version: "1.2.3" };
  const created = createProject({ ...options, language: "lua" });
  assert.deepEqual(created, {
    ok: false,
    error: `${folder} is there already; nothing was changed: give another name, or remove it`,
  });
  assert.equal(readFileSync(path.join(folder, "package.json"), "utf8"), before);
  assert.ok(!existsSync(path.join(folder, "other.lua")));
});
