import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ArraySplitter } from "../../../../../host/src/extensions/http-filters/grpc_json_transcoder/array-splitter.ts";
import { numberText } from "../../../../../host/src/extensions/http-filters/grpc_json_transcoder/number-text.ts";
import { PathMatcher } from "../../../../../host/src/extensions/http-filters/grpc_json_transcoder/path-matcher.ts";
import {
  anySegments,
  oneSegment,
  parseTemplate,
} from "../../../../../host/src/extensions/http-filters/grpc_json_transcoder/path-template.ts";
import { unescapeUrl } from "../../../../../host/src/extensions/http-filters/grpc_json_transcoder/url-unescape.ts";

describe("parseTemplate()", () => {
  test("reads text, wildcards, variables and a verb", () => {
    const template = parseTemplate("/v1/{name=shelves/*/books/**}:publish");
    assert.ok(template.ok);
    assert.deepEqual(template.value, {
      segments: ["v1", "shelves", oneSegment, "books", anySegments],
      variables: [{ fieldPath: ["name"], start: 1, end: undefined, isMany: true }],
      verb: "publish",
    });
  });

  for (const text of [
    "",
    "v1",
    "/a//b",
    "/{a",
    "/{}",
    "/{a={b}}",
    "/**/a",
    "/a:",
    "/a b}",
    "/{a=**}/b",
  ]) {
    test(`refuses "${text}"`, () => assert.equal(parseTemplate(text).ok, false));
  }
});

describe("PathMatcher", () => {
  function matcherOf(...templates: readonly string[]): PathMatcher<string> {
    const matcher = new PathMatcher<string>(false);
    for (const text of templates) {
      const template = parseTemplate(text);
      assert.ok(template.ok && matcher.register("GET", template.value, text), text);
    }
    return matcher;
  }

  test("match() prefers text to * to **, and comes back from a way that leads nowhere", () => {
    const matcher = matcherOf("/a/b/c", "/a/*/d", "/a/**", "/a/*/e:v");
    const matched = (path: string): string | undefined => matcher.match("GET", path)?.value;
    assert.equal(matched("/a/b/c"), "/a/b/c");
    assert.equal(matched("/a/b/d"), "/a/*/d");
    assert.equal(matched("/a/b/x"), "/a/**");
    assert.equal(matched("/a/b/e:v"), "/a/*/e:v");
    assert.equal(matched("/a/b/e:w"), "/a/**");
    assert.equal(matched("/b"), undefined);
    assert.equal(matcher.match("POST", "/a/b/c"), undefined);
  });

  test("register() refuses what is there, and takes * for every method", () => {
    const matcher = matcherOf("/a/{x}");
    const template = parseTemplate("/a/*");
    assert.ok(template.ok);
    assert.equal(matcher.register("GET", template.value, "again"), false);
    assert.ok(matcher.register("*", template.value, "any"));
    assert.equal(matcher.match("PUT", "/a/1")?.value, "any");
    assert.equal(matcher.match("GET", "/a/1")?.value, "/a/{x}");
  });
});

test("unescapeUrl() leaves what it is told to leave", () => {
  const text = "%41%2F%3a%zz%c3%b6+";
  assert.equal(unescapeUrl(text, "all"), "A/:%zzö+");
  assert.equal(unescapeUrl(text, "except_slash"), "A%2F:%zzö+");
  assert.equal(unescapeUrl(text, "except_reserved", true), "A%2F%3a%zzö ");
});

test("numberText() prints as C's %g does", () => {
  const doubles = [0, -0, 1.5, 0.1 + 0.2, 1e21, 1e15, 123_456_789_012_345, 1e-5, 5e-324, -2.5e-7];
  assert.deepEqual(
    doubles.map((value) => numberText(value, "double")),
    ["0", "-0", "1.5", "0.30000000000000004", "1e+21", "1e+15", "123456789012345", "1e-05"].concat([
      "4.94065645841247e-324",
      "-2.5e-07",
    ]),
  );
  assert.equal(numberText(Math.fround(1.1), "float"), "1.1");
  assert.equal(numberText(Math.fround(Math.PI), "float"), "3.14159274");
  assert.equal(numberText(Number.NaN, "double"), '"NaN"');
});

describe("ArraySplitter", () => {
  function split(text: string, size: number): string[] {
    const splitter = new ArraySplitter();
    const elements: string[] = [];
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += size) {
      elements.push(...splitter.accept(bytes.subarray(at, at + size)));
    }
    splitter.end();
    return elements;
  }

  test("accept() gives elements however the array is cut", () => {
    const text = ' [{"a": "]},\\"ö"}, [1, 2] ,3] ';
    for (const size of [1, 2, 3, 100]) {
      assert.deepEqual(
        split(text, size).map((each) => each.trim()),
        ['{"a": "]},\\"ö"}', "[1, 2]", "3"],
      );
    }
    assert.deepEqual(split("[ ]", 1), []);
  });

  test("refuses what is no array, has not ended, or has more behind it", () => {
    for (const text of ["{}", "", "[1", '["]', "[] x", "[1]]"]) {
      assert.throws(() => split(text, 1), /Expected an array|Unexpected end|terminated/, text);
    }
  });
});
