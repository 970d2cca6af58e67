import assert from "node:assert/strict";
import { test } from "node:test";
import { coverageLines, lcovText } from "../../../../host/src/testing/coverage/coverage-report.ts";
import { firstMark, markLines } from "../../../../host/src/testing/coverage/mark-lines.ts";
import { readSourceMap } from "../../../../host/src/testing/coverage/source-map.ts";
import { wat } from "../../../support/wat.ts";

test("readSourceMap() gives the lines of offsets", () => {
  // Offsets 0, 16, 31 and 1040; line 3 of the first file, then 4, 2 and 100,003 of the second.
  const text = JSON.stringify({ sources: ["a.ts", "b.ts"], mappings: "AAEA,gBACA,eCFA,ihCAijjGA" });
  const origins = [...readSourceMap(text)].map(([offset, { source, line }]) => [
    offset,
    source,
    line,
  ]);
  assert.deepEqual(origins.slice(0, 3), [
    [0, "a.ts", 3],
    [16, "a.ts", 4],
    [31, "b.ts", 2],
  ]);
});

test("markLines() notes which lines are run, and changes nothing else", async () => {
  const code = await wat(`(module
    (memory (export "memory") 1)
    (func (export "abs") (param i32) (result i32)
      (if (result i32) (i32.lt_s (local.get 0) (i32.const 0))
        (then (i32.sub (i32.const 0) (local.get 0)))
        (else (local.get 0)))))`);
  // Every instruction is a line of its own: its offset.
  const origins = new Map(
    Array.from(code, (_, offset) => [offset, { source: "abs.ts", line: offset }] as const),
  );
  const marked = markLines(code, origins, (source) => source === "abs.ts");
  assert.equal(marked.lines.length, new Set(marked.lines.map(({ line }) => line)).size);
  const run = (value: number): { result: number; lines: number[] } => {
    const instance = new WebAssembly.Instance(
      new WebAssembly.Module(Uint8Array.from(marked.bytes)),
    );
    const { abs, memory } = instance.exports as unknown as {
      abs: (value: number) => number;
      memory: WebAssembly.Memory;
    };
    const result = abs(value);
    const bytes = new Uint8Array(memory.buffer);
    return {
      result,
      lines: marked.lines.flatMap(({ line }, i) => (bytes[firstMark + i] === 1 ? [line] : [])),
    };
  };
  const [negative, positive] = [run(-5), run(5)];
  assert.deepEqual([negative.result, positive.result], [5, 5]);
  assert.notDeepEqual(negative.lines, positive.lines);
  const all = new Set([...negative.lines, ...positive.lines]);
  assert.equal(all.size, marked.lines.length, "together they run everything");
});

test("markLines() leaves out what is not wanted", async () => {
  const code = await wat(`(module (func (export "f") (nop)))`);
  const origins = new Map(
    [...code.keys()].map((offset) => [offset, { source: "~lib/x.ts", line: 1 }]),
  );
  const marked = markLines(code, origins, (source) => !source.startsWith("~lib/"));
  assert.deepEqual(marked.lines, []);
  assert.deepEqual(marked.bytes, Uint8Array.from(code));
});

test("the report counts lines, and joins those that were not run", () => {
  const lines = new Map([
    [9, false],
    [1, true],
    [3, false],
    [4, false],
    [5, true],
  ]);
  const files = new Map([[`${process.cwd()}/a.ts`, lines]]);
  assert.deepEqual(coverageLines(files), [
    "coverage",
    "  a.ts   2 of 5 lines, 40.0 %   not run: 3-4, 9",
  ]);
  assert.match(
    lcovText(files),
    /^TN:\nSF:.*\/a\.ts\nDA:1,1\nDA:3,0\nDA:4,0\nDA:5,1\nDA:9,0\nLF:5\nLH:2\nend_of_record\n$/,
  );
  assert.deepEqual(coverageLines(new Map()), ["coverage: no filter is given as .ts"]);
});
