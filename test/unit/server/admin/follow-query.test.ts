import assert from "node:assert/strict";
import { test } from "node:test";
import { FollowQuery } from "../../../../host/src/server/admin/follow-query.ts";

const query = (params: { readonly [name: string]: string }): FollowQuery =>
  new FollowQuery(new Map(Object.entries(params)));

test("FollowQuery.number() gives what is asked for, the initial value when nothing is", () => {
  const bounds = { initial: 10, max: 20 };
  const asked = query({ streams: "20" });
  assert.equal(asked.number("streams", bounds), 20);
  assert.equal(asked.number("other", bounds), 10);
  assert.deepEqual(asked.problems, []);
});

test("FollowQuery.number() finds fault with what is no number, too small or too large", () => {
  const asked = query({ a: "x", b: "0", c: "21", d: "1.5" });
  for (const name of ["a", "b", "c", "d"]) asked.number(name, { initial: 1, max: 20 });
  const text = (name: string): string => `${name} is not a whole number from 1 to 20`;
  assert.deepEqual(asked.problems, ["a", "b", "c", "d"].map(text));
});

test("FollowQuery.isSet() knows two words, the first when there is none", () => {
  const asked = query({ format: "json", other: "text", wrong: "xml" });
  const isJson = (name: string): boolean => asked.isSet(name, "text", "json");
  assert.deepEqual(["format", "other", "absent", "wrong"].map(isJson), [true, false, false, false]);
  assert.deepEqual(asked.problems, ["wrong is text or json"]);
});

test("FollowQuery.secretHeaders takes names in any case, those of credentials when none are given", () => {
  assert.deepEqual(query({}).secretHeaders, ["authorization", "cookie", "set-cookie"]);
  assert.deepEqual(query({ redact: " X-Key,,y " }).secretHeaders, ["x-key", "y"]);
  assert.deepEqual(query({ redact: "" }).secretHeaders, []);
});
