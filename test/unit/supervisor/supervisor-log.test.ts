import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { SupervisorLog } from "../../../host/src/supervisor/supervisor-log.ts";

test("SupervisorLog writes lines of the level and above, in the log's format, to the file's end", (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), "sluice-log-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, "log");
  for (const text of ["first", "second"]) {
    const log = new SupervisorLog("info", file);
    log.log("debug", "too small");
    log.log("error", text);
  }
  const line = `\\[\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d{3}\\]\\[${process.pid}\\]\\[error\\]\\[main\\]`;
  assert.match(readFileSync(file, "utf8"), new RegExp(`^${line} first\n${line} second\n$`));
});

test("SupervisorLog throws when the file cannot be opened", () => {
  assert.throws(() => new SupervisorLog("info", "/nonexistent/log"), { code: "ENOENT" });
});
