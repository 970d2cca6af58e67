import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { registry } from "../../host/src/extensions/all.ts";
import { loadBootstrap } from "../../host/src/server/bootstrap.ts";

const seedFile = fileURLToPath(new URL("../config/good/everyday.yaml", import.meta.url));
const seed = fs.readFileSync(seedFile, "utf8");

/** Ten times what the slowest of them takes on a busy machine. */
const capMs = 5000;

/** Reads `text`: whatever it is, there is a configuration or there are problems, soon. */
function load(text: string): void {
  const start = performance.now();
  const loaded = loadBootstrap({ configYaml: text, registry, version: "0" });
  if (!loaded.ok) assert.ok(loaded.error.length > 0, "refused without a problem");
  assert.ok(performance.now() - start < capMs, "took too long");
}

const runs = { numRuns: 150 };

test("loadBootstrap() survives a configuration that is cut anywhere", () => {
  const place = fc.nat(seed.length);
  fc.assert(
    fc.property(place, place, (a, b) => {
      load(seed.slice(0, Math.min(a, b)) + seed.slice(Math.max(a, b)));
    }),
    runs,
  );
});

const marks =
  "[ ] { } : &a *a !!x | > % @ ` \" ' # --- ... [[[[ -1 1e999 0x NaN ~ null {} yes __proto__";
const pieces = fc.constantFrom(
  ...marks.split(" "),
  "\n",
  "\t",
  "\r",
  "\0",
  "\u2028",
  "\ud800",
  "- ",
  "? ",
  "<<: ",
  "\n---\n",
  '"@type": x',
  "constructor: ",
);

test("loadBootstrap() survives pieces of YAML put in anywhere", () => {
  const edits = fc.array(fc.tuple(fc.nat(seed.length), pieces), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(edits, (list) => {
      let text = seed;
      for (const [at, piece] of list) text = text.slice(0, at) + piece + text.slice(at);
      load(text);
    }),
    runs,
  );
});

const lines = seed.split("\n");

test("loadBootstrap() survives lines that are moved, doubled and indented anew", () => {
  const line = fc.nat(lines.length - 1);
  const edit = fc.tuple(line, line, fc.integer({ min: -4, max: 4 }));
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 5 }), (list) => {
      const text = [...lines];
      for (const [from, to, shift] of list) {
        const moved = text[from]!;
        const indented = shift < 0 ? moved.slice(-shift) : " ".repeat(shift) + moved;
        text.splice(to, shift % 2, indented);
      }
      load(text.join("\n"));
    }),
    runs,
  );
});

/** Any JSON in the place of any value. */
test("loadBootstrap() survives any value in any field", () => {
  const valued = [...seed.matchAll(/: ([^\s{[&|][^,}\]\n]*)/g)];
  fc.assert(
    fc.property(fc.constantFrom(...valued), fc.json({ maxDepth: 3 }), (match, json) => {
      const at = match.index + 2;
      load(seed.slice(0, at) + json + seed.slice(at + match[1]!.length));
    }),
    runs,
  );
});

test("loadBootstrap() survives any text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => load(text)),
    runs,
  );
});
