import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { readRecordings } from "../../../../host/src/testing/replay/read-recordings.ts";
import { folderWith } from "../../../support/suites.ts";

const plugin = {
  name: "a",
  rootId: "",
  vmId: "",
  sha256: "",
  configuration: "",
  vmConfiguration: "",
  environment: [],
};
const call = { name: "proxy_log", inputs: [2, "hi"], outputs: [], status: 0 };
const callback = { name: "proxy_on_done", args: [2], calls: [call], result: 1 };
const whole = { sluiceRecording: 1, plugin, callbacks: [callback], begun: "now", redacted: [] };

/** What is read of a file with this in its second line. */
function read(second: string): ReturnType<typeof readRecordings> {
  using folder = folderWith({ "a.jsonl": `${JSON.stringify(whole)}\n${second}\n` });
  return readRecordings(path.join(folder.path, "a.jsonl"));
}

test("readRecordings() takes a recording on each line", () => {
  assert.deepEqual(read(JSON.stringify(whole)), [whole, whole]);
  assert.deepEqual(read(""), [whole]);
});

for (const [what, value] of [
  ["null", null],
  ["a version that is not known", { ...whole, sluiceRecording: 2 }],
  ["no plugin", { ...whole, plugin: undefined }],
  ["half a plugin", { ...whole, plugin: { name: "a" } }],
  ["a callback without calls", { ...whole, callbacks: [{ ...callback, calls: undefined }] }],
  ["a call of nothing", { ...whole, callbacks: [{ ...callback, calls: [null] }] }],
] as const) {
  test(`readRecordings() tells the line of what is no recording: ${what}`, () => {
    assert.match(read(JSON.stringify(value)) as string, /a\.jsonl:2: this is no recording/);
  });
}
