import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { listeners } from "../golden/downstream-tls/cases.ts";
import { asHere } from "../golden/downstream-tls/deviations.ts";
import { runCases, type ListenerOutcome } from "../golden/downstream-tls/run-cases.ts";

const file = path.join(import.meta.dirname, "../golden/downstream-tls/outcomes.json");
const recorded = JSON.parse(readFileSync(file, "utf8")) as {
  readonly outcomes: { readonly [name: string]: ListenerOutcome };
};
const expected = new Map(
  listeners.map(({ name }) => [name, asHere(name, recorded.outcomes[name]!)]),
);
const outcomes = await runCases({ after }, (name) => expected.get(name)!.log.length);

for (const { name } of listeners) {
  test(`a listener that ${name} does what Envoy does`, () => {
    assert.deepEqual(outcomes[name], expected.get(name));
  });
}
