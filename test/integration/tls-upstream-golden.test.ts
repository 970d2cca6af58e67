import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { runCases, type TlsOutcome } from "../golden/upstream-tls/run-cases.ts";
import { cases } from "../golden/upstream-tls/cases.ts";
import { asHere } from "../golden/upstream-tls/deviations.ts";

const file = path.join(import.meta.dirname, "../golden/upstream-tls/outcomes.json");
const recorded = JSON.parse(readFileSync(file, "utf8")) as {
  readonly outcomes: { readonly [name: string]: TlsOutcome };
};
const outcomes = await runCases({ after });

for (const { name } of cases) {
  test(`a cluster that ${name} does what Envoy does`, () => {
    assert.deepEqual(outcomes[name], asHere(name, recorded.outcomes[name]!));
  });
}
