import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HeaderId, headerIdOf, idMask } from "../../../../host/src/common/headers/header-id.ts";
import { HeaderMapImpl, headerMapOf } from "../../../../host/src/common/headers/header-map.ts";
import { entriesOf } from "../../../support/http1.ts";

test("headerMapOf() keeps order, repeated names and pseudo headers in front", () => {
  const map = headerMapOf([
    ["b", "1"],
    [":path", "/"],
    ["a", "2"],
    ["b", "3"],
    [":method", "GET"],
  ]);
  assert.deepEqual(entriesOf(map), [
    [":path", "/"],
    [":method", "GET"],
    ["b", "1"],
    ["a", "2"],
    ["b", "3"],
  ]);
  assert.equal(map.byteSize, ":path/:methodGETb1a2b3".length);
});

test("get() gives the first value, getAll() and getJoined() all of them", () => {
  const map = headerMapOf([
    ["x", "1"],
    ["accept", "a"],
    ["x", "2"],
    ["accept", "b"],
  ]);
  assert.equal(map.get("x"), "1");
  assert.deepEqual(map.getAll("x"), ["1", "2"]);
  assert.equal(map.getJoined("accept"), "a,b");
  assert.equal(map.getId(HeaderId.Accept), "a");
  assert.equal(map.get("y"), undefined);
  assert.equal(map.getJoined("y"), undefined);
  assert.deepEqual(map.getAll("via"), []);
});

test("hasAny() asks for any of a set of well-known names", () => {
  const map = headerMapOf([["x-request-id", "1"]]);
  const low = idMask(HeaderId.Via, HeaderId.XRequestId);
  const high = idMask(HeaderId.XEnvoyInternal, HeaderId.Trailer);
  assert.equal(map.hasAny(low), true);
  assert.equal(map.hasAny(high), false);
  map.addId(HeaderId.Trailer, "x");
  assert.equal(map.hasAny(high), true);
});

test("wireSafe is true until something is put in that cannot stand on the wire", () => {
  const puts: readonly ((map: HeaderMapImpl) => void)[] = [
    (map) => map.add("x", "a\rb"),
    (map) => map.addId(HeaderId.Via, "\0"),
    (map) => map.add("x y", "a"),
    (map) => map.add("X", "a"),
    (map) => map.set("a", "\n"),
    (map) => map.set("", "a"),
    (map) => map.setId(HeaderId.Via, "\u0141"),
    (map) => map.append("a", "\x7f"),
    (map) => map.append("é", "a"),
    (map) => map.setValueAt(0, "\n"),
  ];
  for (const put of puts) {
    const map = headerMapOf([["a", "b\t\xff"]]);
    assert.equal(map.wireSafe, true);
    put(map);
    assert.equal(map.wireSafe, false, put.toString());
    assert.equal(map.clone().wireSafe, false);
    map.clear();
    assert.equal(map.wireSafe, true);
  }
});

test("setValueAt() refuses an index that is not there", () => {
  assert.throws(() => headerMapOf([["a", "b"]]).setValueAt(1, "c"), RangeError);
});

type Entries = [string, string][];
interface Step {
  readonly op: "add" | "set" | "append" | "remove" | "removeIf" | "setValueAt" | "clone" | "clear";
  readonly name: string;
  readonly value: string;
}

/** The same operations on a plain list, written the obvious way. */
function applyToModel(entries: Entries, { op, name, value }: Step): Entries {
  const index = entries.findIndex(([each]) => each === name);
  switch (op) {
    case "add":
      return insert(entries, name, value);
    case "set":
      return index < 0
        ? insert(entries, name, value)
        : entries
            .map((entry, i): [string, string] => (i === index ? [name, value] : entry))
            .filter(([each], i) => i === index || each !== name);
    case "append":
      return index < 0
        ? insert(entries, name, value)
        : entries.map((entry, i) => (i === index ? [name, `${entry[1]},${value}`] : entry));
    case "remove":
      return entries.filter(([each]) => each !== name);
    case "removeIf":
      return entries.filter(([, each]) => each !== value);
    case "setValueAt":
      return entries.map((entry, i) => (i === 0 ? [entry[0], value] : entry));
    case "clone":
      return entries;
    case "clear":
      return [];
    default:
      return op satisfies never;
  }
}

function insert(entries: Entries, name: string, value: string): Entries {
  if (!name.startsWith(":")) return [...entries, [name, value]];
  const pseudo = entries.filter(([each]) => each.startsWith(":"));
  return [...pseudo, [name, value], ...entries.slice(pseudo.length)];
}

function apply(map: HeaderMapImpl, { op, name, value }: Step): HeaderMapImpl {
  if (op === "clone") return map.clone();
  if (op === "clear") map.clear();
  else if (op === "removeIf") map.removeIf((_name, each) => each === value);
  else if (op === "setValueAt") {
    if (map.size > 0) map.setValueAt(0, value);
  } else if (op === "remove") map.remove(name);
  else map[op](name, value);
  return map;
}

const names = [":path", ":method", "accept", "via", "x-envoy-internal", "trailer", "x-a", "x-b"];

test("any sequence of changes leaves what the same changes on a plain list leave", () => {
  const step: fc.Arbitrary<Step> = fc.record({
    op: fc.constantFrom(
      "add",
      "add",
      "set",
      "append",
      "remove",
      "removeIf",
      "setValueAt",
      "clone",
      "clear",
    ),
    name: fc.constantFrom(...names),
    value: fc.constantFrom("1", "2", "3"),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      let map = new HeaderMapImpl();
      let model: Entries = [];
      for (const each of steps) {
        map = apply(map, each);
        model = applyToModel(model, each);
      }
      assert.deepEqual(entriesOf(map), model);
      for (const name of names) {
        const values = model.filter(([each]) => each === name).map(([, value]) => value);
        assert.deepEqual(map.getAll(name), values);
        assert.equal(map.get(name), values[0]);
        assert.equal(map.has(name), values.length > 0);
      }
    }),
    { numRuns: 500 },
  );
});

test("names whose number is known find the same entries as their text", () => {
  const contentType = { text: "content-type", id: headerIdOf("content-type") };
  const own = { text: "x-own", id: 0 };
  const map = headerMapOf([
    [":path", "/"],
    ["content-type", "a"],
    ["x-own", "1"],
    ["content-type", "b"],
    ["x-own", "2"],
  ]);
  assert.deepEqual([map.getNamed(contentType), map.getNamed(own)], ["a", "1"]);
  assert.deepEqual([map.getNamedJoined(contentType), map.getNamedJoined(own)], ["a,b", "1,2"]);
  assert.deepEqual([map.removeNamed(contentType), map.removeNamed(own)], [2, 2]);
  assert.deepEqual([map.getNamed(contentType), map.getNamed(own)], [undefined, undefined]);
  assert.deepEqual(
    [map.getNamedJoined(contentType), map.getNamedJoined(own)],
    [undefined, undefined],
  );
  map.addNamed({ text: ":method", id: headerIdOf(":method") }, "GET");
  map.addNamed(own, "3");
  assert.deepEqual([map.nameAt(1), map.getNamed(own)], [":method", "3"]);
  assert.equal(map.wireSafe, true);
});
