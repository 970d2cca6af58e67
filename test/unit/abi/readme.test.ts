import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import {
  attributes,
  callbacks,
  type Hostcall,
  hostcallNames,
  hostcalls,
  topLevelAttributes,
} from "@sluice/abi";

const readme = readFileSync(path.resolve(import.meta.dirname, "../../../abi/README.md"), "utf8");

/** Cells of the table rows that begin so, without padding. */
function rows(heading: string, start = "| `proxy_"): string[] {
  const [, section] = readme.split(`\n## ${heading}\n`);
  return section!
    .split("\n## ")[0]!
    .split("\n")
    .filter((line) => line.startsWith(start))
    .map((line) => line.replaceAll(/ +/g, " ").trim());
}

test("abi/README.md lists the host calls of the table", () => {
  const wanted = hostcallNames.map((name) => {
    const { params, group, versions }: Hostcall = hostcalls[name];
    const since = versions.length === 3 ? "all" : versions.join(", ");
    return `| \`${name}\` | ${params.join(" ") || "–"} | ${group} | ${since} |`;
  });
  assert.deepEqual(rows("Host calls", "| `"), wanted);
});

test("abi/README.md lists the properties of the table", () => {
  const objects = Object.entries({ "–": topLevelAttributes, ...attributes });
  const wanted = objects.map(([object, names]) => {
    const byType = new Map<string, string[]>();
    for (const [name, type] of Object.entries(names)) {
      byType.set(type, [...(byType.get(type) ?? []), `\`${name}\``]);
    }
    const types = [...byType].map(([type, list]) => `${type}: ${list.join(", ")}`);
    return `| ${object === "–" ? object : `\`${object}\``} | ${types.join("; ")} |`;
  });
  const found = rows("Properties", "| ").filter((line) => / (string|map|message): /.test(line));
  assert.deepEqual(found, wanted);
});

test("abi/README.md lists the callbacks of the table", () => {
  const wanted = Object.entries(callbacks).map(
    ([name, { params, results }]) =>
      `| \`${name}\` | ${params.join(" ")} | ${results.join(" ") || "–"} |`,
  );
  assert.deepEqual(rows("Callbacks", "| `"), wanted);
});
