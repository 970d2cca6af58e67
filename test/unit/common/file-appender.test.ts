import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import {
  FileAppender,
  type FileAppenderObserver,
  type FileAppenderOptions,
} from "../../../host/src/common/file-appender.ts";

const folder = mkdtempSync(path.join(tmpdir(), "file-appender-"));
after(() => rmSync(folder, { recursive: true }));

class Counting implements FileAppenderObserver {
  queued = 0;
  written = 0;
  failed = 0;
  dropped = 0;
  byTimer = 0;
  reopenFailed = 0;

  onQueued(): void {
    this.queued += 1;
  }
  onWritten(): void {
    this.written += 1;
  }
  onFailed(): void {
    this.failed += 1;
  }
  onReopenFailed(): void {
    this.reopenFailed += 1;
  }
  onDropped(lines: number): void {
    this.dropped += lines;
  }
  onFlushedByTimer(): void {
    this.byTimer += 1;
  }
}

const options: FileAppenderOptions = {
  encoding: "latin1",
  maxQueuedBytes: 1024 * 1024,
  flushBytes: 1024,
  flushIntervalMs: 60_000,
};
let files = 0;
const newPath = (): string => path.join(folder, `file-${(files += 1)}`);

test("FileAppender.append() writes when enough waits, and keeps the order of the lines", async () => {
  const file = newPath();
  const seen = new Counting();
  const appender = new FileAppender({ path: file }, options, seen);
  const lines = Array.from({ length: 1000 }, (_, i) => `line ${i}\n`);
  for (const line of lines) appender.append(line);
  await appender.drain();
  assert.equal(readFileSync(file, "utf8"), lines.join(""));
  assert.equal(seen.queued, 1000);
  assert.ok(seen.written > 0 && seen.written < 1000, "in batches");
  appender.close();
});

test("FileAppender.append() writes bytes or text, as it was told", async () => {
  const bytes = newPath();
  const text = newPath();
  const first = new FileAppender({ path: bytes }, options);
  const second = new FileAppender({ path: text }, { ...options, encoding: "utf8" });
  first.append("\xc3\xa4\n");
  second.append("ä\n");
  await Promise.all([first.drain(), second.drain()]);
  assert.equal(readFileSync(bytes, "utf8"), "ä\n");
  assert.equal(readFileSync(text, "utf8"), "ä\n");
});

test("FileAppender.append() writes a single line after the interval", async () => {
  const file = newPath();
  const seen = new Counting();
  const appender = new FileAppender({ path: file }, { ...options, flushIntervalMs: 1 }, seen);
  appender.append("one\n");
  assert.equal(readFileSync(file, "utf8"), "");
  while (seen.written === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.equal(readFileSync(file, "utf8"), "one\n");
  assert.equal(seen.byTimer, 1);
});

test("FileAppender.append() drops and counts lines on a full disk, and goes on", async () => {
  const seen = new Counting();
  const appender = new FileAppender({ path: "/dev/full" }, options, seen);
  appender.append("a\n");
  appender.append("b\n");
  await appender.drain();
  assert.deepEqual([seen.failed, seen.dropped, seen.written], [1, 2, 0]);
  appender.append("c\n");
  appender.flushSync();
  assert.deepEqual([seen.failed, seen.dropped, seen.written], [2, 3, 0]);
});

test("FileAppender.append() drops what does not fit while a reader does not read, and never waits", async () => {
  const fifo = newPath();
  execFileSync("mkfifo", [fifo]);
  const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  const seen = new Counting();
  const appender = new FileAppender({ path: fifo }, { ...options, maxQueuedBytes: 200_000 }, seen);
  const line = `${"x".repeat(999)}\n`;
  for (let i = 0; i < 1000; i += 1) appender.append(line);
  assert.ok(seen.dropped >= 790 && seen.dropped < 1000, `${seen.dropped} dropped`);
  const drained = appender.drain();
  // What was kept arrives whole once somebody reads.
  let text = "";
  const chunk = Buffer.alloc(65536);
  while (text.length < (1000 - seen.dropped) * 1000) {
    try {
      text += chunk.toString("latin1", 0, readSync(reader, chunk));
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, "EAGAIN");
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await drained;
  assert.ok(text.split("\n").every((part) => part === "" || part.length === 999));
  appender.close();
});

test("FileAppender.flushSync() writes at once, also with synchronous batches", () => {
  for (const synchronous of [false, true]) {
    const file = newPath();
    const appender = new FileAppender({ path: file }, { ...options, synchronous });
    appender.append("one\n");
    appender.flushSync();
    assert.equal(readFileSync(file, "utf8"), "one\n");
    appender.append("two\n");
    appender.close();
    assert.equal(readFileSync(file, "utf8"), "one\ntwo\n");
  }
});

test("FileAppender.reopen() goes on in a new file after the old one was moved away", async () => {
  const file = newPath();
  const appender = new FileAppender({ path: file }, options);
  appender.append("old\n");
  await appender.drain();
  renameSync(file, `${file}.1`);
  appender.append("between\n");
  await appender.drain();
  appender.reopen();
  appender.append("new\n");
  await appender.drain();
  assert.equal(readFileSync(`${file}.1`, "utf8"), "old\nbetween\n");
  assert.equal(readFileSync(file, "utf8"), "new\n");
});

test("FileAppender.reopen() keeps the old file when the new one cannot be opened", async () => {
  const inner = path.join(folder, "gone");
  execFileSync("mkdir", [inner]);
  const seen = new Counting();
  const appender = new FileAppender({ path: path.join(inner, "log") }, options, seen);
  renameSync(inner, `${inner}.moved`);
  appender.reopen();
  appender.append("still\n");
  await appender.drain();
  assert.equal(seen.reopenFailed, 1);
  assert.equal(readFileSync(path.join(`${inner}.moved`, "log"), "utf8"), "still\n");
});

test("FileAppender refuses a file that cannot be opened, by name", () => {
  assert.throws(
    () => new FileAppender({ path: path.join(folder, "no", "such", "folder") }, options),
    /ENOENT.*no\/such\/folder/,
  );
});
