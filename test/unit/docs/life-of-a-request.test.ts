import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { registry } from "../../../host/src/extensions/all.ts";
import { loadBootstrap } from "../../../host/src/server/bootstrap.ts";

const page = path.join(import.meta.dirname, "../../../host/docs/life-of-a-request.md");
const readme = path.join(
  import.meta.dirname,
  "../../../host/src/extensions/network-filters/http_connection_manager/README.md",
);

for (const file of [page, readme]) {
  const text = readFileSync(file, "utf8");
  const name = path.basename(path.dirname(file)) + "/" + path.basename(file);

  test(`every link of ${name} leads somewhere`, () => {
    const links = [...text.matchAll(/\]\(([^)#]+)(#[^)]*)?\)/g)].map((match) => match[1]!);
    assert.ok(links.length > 0);
    for (const link of links) assert.ok(existsSync(path.join(path.dirname(file), link)), link);
  });

  test(`the configuration in ${name} loads`, () => {
    const yaml = /```yaml\n(.*?)```/s.exec(text)?.[1];
    assert.ok(yaml !== undefined);
    const loaded = loadBootstrap({ configYaml: yaml, registry, version: "0" });
    assert.deepEqual(loaded.ok ? [] : loaded.error, []);
  });
}
