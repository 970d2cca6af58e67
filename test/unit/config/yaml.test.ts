import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node } from "../../../host/src/config/node.ts";
import { formatProblem, ProblemList } from "../../../host/src/config/problem.ts";
import { Source } from "../../../host/src/config/source.ts";
import { plainYamlValue } from "../../../host/src/config/yaml-scalar.ts";
import { parseYaml } from "../../../host/src/config/yaml.ts";

function parse(text: string, json = false): { value: unknown; problems: string[] } {
  const problems = new ProblemList();
  const node = parseYaml(new Source("f", text), problems, { json });
  return { value: node && plain(node), problems: problems.errors.map(formatProblem) };
}

function plain(node: Node): unknown {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "list") return node.items.map(plain);
  return Object.fromEntries([...node.entries].map(([key, { value }]) => [key, plain(value)]));
}

test("plainYamlValue() reads words as Envoy does", () => {
  const cases: [string, unknown][] = [
    ["", null],
    ["~", null],
    ["Null", null],
    ["nULL", "nULL"],
    ["yes", true],
    ["n", false],
    ["ON", true],
    ["oN", "oN"],
    ["10", 10],
    ["010", 8],
    ["08", "08"],
    ["0x10", 16],
    ["-5", -5],
    ["+5", 5],
    ["2147483647", 2147483647],
    ["2147483648", "2147483648"],
    ["0xffffffff", "4294967295"],
    ["9223372036854775808", "9223372036854775808"],
    ["1.5", "1.5"],
    ["1e3", "1e3"],
    ["1_000", "1_000"],
    ["-", "-"],
    [".inf", ".inf"],
  ];
  for (const [text, value] of cases) assert.equal(plainYamlValue(text), value, text);
});

test("parseYaml() keeps quoted words as text", () => {
  assert.deepEqual(parse(`{a: "5", b: 'yes', c: ! 5, d: !!str no}`).value, {
    a: "5",
    b: "yes",
    c: "5",
    d: "no",
  });
});

test("parseYaml() reads the first document only", () => {
  assert.deepEqual(parse("a: b\n---\na: [\n"), { value: { a: "b" }, problems: [] });
});

test("parseYaml() accepts CRLF, custom tags and anchors", () => {
  assert.deepEqual(parse("a: &x !custom [1]\r\nb: *x\r\n").value, { a: [1], b: [1] });
});

test("parseYaml() takes the merge key for an ordinary key", () => {
  assert.deepEqual(parse("a: &x {b: c}\nd:\n  <<: *x\n").value, {
    a: { b: "c" },
    d: { "<<": { b: "c" } },
  });
});

test("parseYaml() reports a key that stands twice, and goes on", () => {
  assert.deepEqual(parse("a: 1\nb: 2\na: 3\n"), {
    value: { a: 1, b: 2 },
    problems: ['f:3:1: "a" stands here twice; the first is on line 1'],
  });
});

test("parseYaml() reports the place of bad syntax", () => {
  const { value, problems } = parse("a:\n  b: [1, 2\n");
  assert.equal(value, undefined);
  assert.match(problems[0]!, /^f:3:1: /);
});

test("parseYaml() refuses what is nested more than 100 levels, however deep", () => {
  for (const depth of [102, 2000, 100_000]) {
    const { value, problems } = parse("[".repeat(depth) + "]".repeat(depth));
    assert.equal(value, undefined);
    assert.deepEqual(problems, ["f:1:102: nested more than 100 levels deep"]);
  }
  assert.deepEqual(parse("[".repeat(100) + "]".repeat(100)).problems, []);
});

test("parseYaml() refuses block nesting that is too deep", () => {
  const text = Array.from({ length: 150 }, (_, i) => `${" ".repeat(i)}a:`).join("\n");
  assert.deepEqual(parse(text).problems, ["f:102:102: nested more than 100 levels deep"]);
});

test("parseYaml() refuses an alias bomb", () => {
  const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"];
  for (let i = 1; i < 30; i += 1) {
    lines.push(`a${i}: &a${i} [${Array.from({ length: 9 }, () => `*a${i - 1}`).join(", ")}]`);
  }
  const { problems } = parse(lines.join("\n"));
  assert.deepEqual(problems, ["f:6:10: aliases stand for more than 100000 values; write them out"]);
});

test("parseYaml() refuses an alias to what it is in, or to nothing", () => {
  assert.deepEqual(parse("a: &x [*x]\nb: *y\n").problems, [
    'f:1:8: there is no anchor "&x" before this place',
    'f:2:4: there is no anchor "&y" before this place',
  ]);
});

test("parseYaml() refuses keys that are not words", () => {
  assert.deepEqual(parse("? [a]\n: b\n").problems, ["f:1:1: a field name must be a word"]);
});

test("parseYaml() keeps a key called __proto__ as a key", () => {
  const problems = new ProblemList();
  const node = parseYaml(new Source("f", "__proto__: {a: 1}"), problems, { json: false });
  assert.deepEqual(node?.kind === "map" && [...node.entries.keys()], ["__proto__"]);
});

test("parseYaml() of JSON allows what Envoy's JSON allows", () => {
  assert.deepEqual(
    parse(`{"a": 1.5e3, 'b': true, "c": null, "d": "\\ud83d\\ude00\\/",}`, true).value,
    { a: 1500, b: true, c: null, d: "😀/" },
  );
});

test("parseYaml() of JSON refuses words without quotes", () => {
  assert.deepEqual(parse(`{"a": yes}`, true).problems, [
    'f:1:7: "yes" is not JSON; text needs quotes',
  ]);
});
