// Each file in bad/ is a configuration with mistakes; the .problems file beside it is all that is said about it.
// To write the .problems files anew: SLUICE_WRITE_GOLDEN=1 node -C sluice-source --test <this file>
import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { formatProblems } from "../../host/src/config/problem.ts";
import { registry } from "../../host/src/extensions/all.ts";
import { loadBootstrap } from "../../host/src/server/bootstrap.ts";

const folder = fileURLToPath(new URL("bad/", import.meta.url));
const inputs = fs.readdirSync(folder).filter((name) => !name.endsWith(".problems"));

for (const name of inputs.sort()) {
  test(`loadBootstrap() says all that is wrong with ${name}`, () => {
    const loaded = loadBootstrap({ configPath: folder + name, registry, version: "0" });
    assert.ok(!loaded.ok);
    const text = `${formatProblems(loaded.error).replaceAll(folder, "")}\n`;
    const golden = `${folder}${name}.problems`;
    if (process.env["SLUICE_WRITE_GOLDEN"]) fs.writeFileSync(golden, text);
    assert.equal(text, fs.readFileSync(golden, "utf8"));
  });
}
