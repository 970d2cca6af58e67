import assert from "node:assert/strict";
import { test } from "node:test";
import { junitText } from "../../../../host/src/testing/report/junit.ts";
import type { CaseResult } from "../../../../host/src/testing/run/suite-runner.ts";
import { suiteOf } from "../../../support/suites.ts";

const suite = suiteOf(
  "filters: [{ file: sample-filters/auth/auth.lua }]\ncases: [{ name: a<b, request: {} }]\n",
);
const [test0] = suite.cases;
const outcome = {
  observed: [],
  records: [],
  costs: undefined,
  refused: undefined,
  startLines: 0,
};
const result = (more: Partial<CaseResult>): CaseResult => ({
  test: test0!,
  outcome,
  failures: [],
  ms: 12,
  ...more,
});
const failures = [{ place: test0!.place, text: 'got "b"' }];

test("junitText() tells cases that pass, fail, cannot be loaded and are not run elsewhere apart", () => {
  const cases = [
    result({}),
    result({ failures }),
    result({ failures, outcome: { ...outcome, refused: ["why"] } }),
    result({ skipped: "it sets the clock" }),
    result({ failures, skipped: "it sets the clock" }),
  ];
  const text = junitText([{ file: "a.test.yaml", suite, cases, problems: [] }]);
  assert.match(text, /tests="5" failures="2" errors="1" skipped="1" time="0\.060"/);
  assert.equal(text.match(/<failure message="got &quot;b&quot;">/g)?.length, 2);
  assert.equal(text.match(/<error message="got &quot;b&quot;">/g)?.length, 1);
  assert.equal(text.match(/<skipped message="it sets the clock"\/>/g)?.length, 1);
  assert.match(text, /name="a&lt;b" .* line="2" time="0\.012"\/>/);
});

test("junitText() tells of a suite that did not run", () => {
  const text = junitText([{ file: "a.test.yaml", suite, cases: [], problems: ["x:1:1: no"] }]);
  assert.match(text, /tests="1" failures="0" errors="1"/);
  assert.match(text, /<error message="x:1:1: no">/);
});
