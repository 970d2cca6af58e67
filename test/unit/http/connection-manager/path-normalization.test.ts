import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { normalizePath } from "../../../../host/src/http/connection-manager/path-normalization.ts";

// What the real Envoy makes of forty paths: test/integration/hcm-headers.test.ts. Here is what holds for all paths.

const plain = { normalize: false, mergeSlashes: false, escapedSlashes: "keep" } as const;
const normalize = { ...plain, normalize: true };
const path = fc
  .array(
    fc.constantFrom(
      "/",
      "a",
      ".",
      "..",
      "%2e",
      "%2F",
      "%5c",
      "\\",
      "%41",
      "%zz",
      "%00",
      "?",
      "~",
      "<",
    ),
  )
  .map((parts) => `/${parts.join("")}`);

function pathOf(text: string, config: Parameters<typeof normalizePath>[1]): string | undefined {
  const result = normalizePath(text, config);
  return result.kind === "reject" ? undefined : result.path;
}

describe("normalizePath()", () => {
  test("leaves a path alone when nothing is configured, but refuses a fragment", () => {
    fc.assert(fc.property(path, (text) => assert.equal(pathOf(text, plain), text)));
    assert.equal(normalizePath("/a#b", plain).kind, "reject");
  });

  test("is done once: doing it again changes nothing", () => {
    fc.assert(
      fc.property(path, (text) => {
        const once = pathOf(text, normalize);
        if (once !== undefined) assert.equal(pathOf(once, normalize), once);
      }),
    );
  });

  test("leaves no dot segment, no backslash and a slash in front", () => {
    fc.assert(
      fc.property(path, (text) => {
        const file = pathOf(text, normalize)?.split("?")[0];
        if (file === undefined) return;
        assert.match(file, /^\//);
        assert.doesNotMatch(file, /\\/);
        assert.ok(!file.split("/").some((segment) => segment === "." || segment === ".."), file);
      }),
    );
  });

  test("never touches the query", () => {
    fc.assert(
      fc.property(path, path, (file, query) => {
        const text = `${file.replaceAll("?", "")}?${query}`;
        const all = { normalize: true, mergeSlashes: true, escapedSlashes: "forward" } as const;
        const result = pathOf(text, all);
        if (result !== undefined) assert.ok(result.endsWith(`?${query}`), result);
      }),
    );
  });

  test("merges slashes: none stands beside another, unless there is nothing else", () => {
    fc.assert(
      fc.property(path, (text) => {
        const file = pathOf(text, { ...plain, mergeSlashes: true })!.split("?")[0]!;
        if (/[^/]/.test(file)) assert.doesNotMatch(file, /\/\//);
      }),
    );
  });

  test("refuses or unescapes every escaped slash", () => {
    fc.assert(
      fc.property(path, (text) => {
        const escaped = /%(2f|5c)/i.test(text.split("?")[0]!);
        assert.equal(
          normalizePath(text, { ...plain, escapedSlashes: "reject" }).kind === "reject",
          escaped,
        );
        const redirected = normalizePath(text, { ...plain, escapedSlashes: "redirect" });
        assert.equal(redirected.kind, escaped ? "redirect" : "continue");
        const forwarded = pathOf(text, { ...plain, escapedSlashes: "forward" })!;
        assert.doesNotMatch(forwarded.split("?")[0]!, /%(2f|5c)/i);
      }),
    );
  });
});
