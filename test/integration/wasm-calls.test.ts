import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { expressions, filterState, otherExpressions } from "../golden/wasm-calls/cases.ts";
import { comparable, run, type Scenario } from "../golden/wasm-calls/scenario.ts";

// A module that makes host calls of a list, beside what the same module got in Envoy.

interface Recorded {
  readonly calls: readonly string[];
  readonly operators: readonly string[];
  readonly headers: readonly (readonly [string, string])[];
}

const golden = JSON.parse(
  readFileSync(path.join(import.meta.dirname, "../golden/wasm-calls/calls.json"), "utf8"),
) as { readonly filterState: Recorded; readonly expressions: Recorded };

const describe = (scenario: Scenario, i: number): string => {
  const { callback, kind, args } = scenario.calls[i]!;
  return `${callback} ${kind} ${args.map((arg) => JSON.stringify(String(arg))).join(" ")}`;
};

test("properties and objects in the filter state: guests, scripts and the access log see what they do in Envoy", async () => {
  const actual = comparable(await run({ after }, filterState));
  for (const [i, wanted] of golden.filterState.calls.entries()) {
    assert.equal(actual.calls[i], wanted, describe(filterState, i));
  }
  assert.deepEqual(actual.operators, golden.filterState.operators);
  assert.deepEqual(actual.headers, golden.filterState.headers);
});

test("expr_create, expr_evaluate, expr_delete give what they give in Envoy", async () => {
  const actual = comparable(await run({ after }, expressions));
  for (const [i, recorded] of golden.expressions.calls.entries()) {
    const { callback, args } = expressions.calls[i]!;
    const other = callback === "configure" ? undefined : otherExpressions.get(String(args[0]));
    assert.equal(actual.calls[i], other ?? recorded, describe(expressions, i));
  }
});
