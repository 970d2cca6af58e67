import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { attributes, stateObjects, topLevelAttributes } from "@sluice/abi";
import { twins } from "../golden/wasm-properties/operators.ts";
import { paths } from "../golden/wasm-properties/paths.ts";
import { run } from "../golden/wasm-properties/scenario.ts";
import { stable } from "../golden/wasm-properties/stable.ts";

// A module that reads every property in every callback, beside the access log of the same request.

const golden = JSON.parse(
  readFileSync(path.join(import.meta.dirname, "../golden/wasm-properties/properties.json"), "utf8"),
) as { readonly properties: Record<string, Record<string, string>> };

const { properties, operators } = await run(
  { after },
  twins.map(({ operator }) => operator),
);

test("proxy_get_property gives what Envoy gives, in every callback", () => {
  const actual = stable(properties);
  for (const name of paths) assert.deepEqual(actual[name], golden.properties[name], name);
});

test("proxy_get_property gives what the access log prints", () => {
  const log = properties["log"]!;
  for (const { path: name, operator, print } of twins) {
    assert.equal(print(log[name]!), operators[operator], `${name} is ${operator}`);
  }
});

test("every property of the ABI's table is among those read, and no other exists", () => {
  const known = new Set<string>([
    ...Object.keys(topLevelAttributes),
    ...stateObjects,
    ...Object.entries(attributes).flatMap(([object, names]) => [
      object,
      ...Object.keys(names).map((name) => `${object}|${name}`),
    ]),
  ]);
  for (const name of known) assert.ok(paths.includes(name), `${name} is not read`);
  for (const name of paths) {
    const start = name.split("|").slice(0, 2).join("|");
    if (known.has(start) || known.has(name.split("|")[0]!) !== known.has(start)) continue;
    for (const values of Object.values(properties)) assert.equal(values[name]![0], 1, name);
  }
});
