import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { sampleNames } from "../../sample-filters/build.js";

const samples = path.resolve(import.meta.dirname, "../../sample-filters");
const read = (file: string): string => readFileSync(path.join(samples, file), "utf8");

interface Row {
  readonly name: string;
  readonly language: string;
  readonly runsInEnvoy: boolean;
}

const rows: Row[] = [
  ...read("README.md").matchAll(/^\| \[(\S+)\]\(\1\) +\| (\S+) +\|.*\| (yes|no) +\|$/gm),
].map(([, name = "", language = "", envoy]) => ({ name, language, runsInEnvoy: envoy === "yes" }));

test("the table of samples names each of them, and what it is written in", () => {
  const folders = readdirSync(samples).filter((it) =>
    existsSync(path.join(samples, it, "README.md")),
  );
  assert.deepEqual(rows.map(({ name }) => name).sort(), folders.sort());
  const compiled = rows.filter(({ language }) => language === "AssemblyScript");
  assert.deepEqual(compiled.map(({ name }) => name).sort(), sampleNames().sort());
});

test("each sample says whether Envoy runs its configuration, as the table does", () => {
  for (const { name, runsInEnvoy } of rows) {
    const command = `envoy -c sample-filters/${name}/sluice.yaml`;
    assert.equal(read(`${name}/README.md`).includes(command), runsInEnvoy, name);
  }
});
