import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { callbacks, type Hostcall, hostcallNames, hostcalls } from "@sluice/abi";

const readme = readFileSync(path.resolve(import.meta.dirname, "../../../abi/README.md"), "utf8");

/** Cells of the table rows that begin with a name of the ABI, without padding. */
function rows(heading: string): string[] {
  const [, section] = readme.split(`\n## ${heading}\n`);
  return section!
    .split("\n## ")[0]!
    .split("\n")
    .filter((line) => line.startsWith("| `proxy_"))
    .map((line) => line.replaceAll(/ +/g, " ").trim());
}

test("abi/README.md lists the host calls of the table", () => {
  const wanted = hostcallNames.map((name) => {
    const { params, group, versions, implemented }: Hostcall = hostcalls[name];
    const since = versions.length === 3 ? "all" : versions.join(", ");
    return `| \`${name}\` | ${params.join(" ") || "–"} | ${group} | ${since} | ${implemented ? "yes" : "fails"} |`;
  });
  assert.deepEqual(rows("Host calls"), wanted);
});

test("abi/README.md lists the callbacks of the table", () => {
  const wanted = Object.entries(callbacks).map(
    ([name, { params, results }]) =>
      `| \`${name}\` | ${params.join(" ")} | ${results.join(" ") || "–"} |`,
  );
  assert.deepEqual(rows("Callbacks"), wanted);
});
