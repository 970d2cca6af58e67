import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { FileWatcher } from "../../../host/src/xds/file-watcher.ts";
import { temporaryFolder } from "../../support/config-load.ts";
import { until } from "../../support/discovery.ts";

interface Watched {
  readonly folder: string;
  readonly file: string;
  readonly seen: string[];
  readonly failures: string[];
}

function watch(t: TestContext, watchedDirectory = false, folder = temporaryFolder(t)): Watched {
  const file = path.join(folder, "a.yaml");
  if (!fs.existsSync(file)) fs.writeFileSync(file, "0");
  const seen: string[] = [];
  const failures: string[] = [];
  const watcher = new FileWatcher({
    file,
    watchedDirectory: watchedDirectory ? folder : undefined,
    onChange: () => seen.push(fs.readFileSync(file, "utf8")),
    onWatchFailure: (reason) => failures.push(reason),
  });
  watcher.start();
  t.after(() => watcher.close());
  return { folder, file, seen, failures };
}

function move(file: string, content: string): void {
  fs.writeFileSync(`${file}.next`, content);
  fs.renameSync(`${file}.next`, file);
}

test("FileWatcher tells of a move to the file's name", async (t) => {
  const { file, seen } = watch(t);
  for (const content of ["1", "2", "3"]) {
    move(file, content);
    await until(() => seen.at(-1) === content, `the content ${content} seen`);
  }
  assert.deepEqual(seen, ["1", "2", "3"]);
});

test("FileWatcher does not tell of writing in place, of other names, nor of removal", async (t) => {
  const { folder, file, seen } = watch(t);
  fs.writeFileSync(file, "in place");
  fs.writeFileSync(path.join(folder, "b.yaml"), "b");
  fs.rmSync(file);
  move(file, "moved");
  await until(() => seen.length > 0, "the move seen");
  assert.deepEqual(seen, ["moved"]);
});

test("FileWatcher reads a file that is written anew once it is whole", async (t) => {
  const { file, seen } = watch(t);
  fs.rmSync(file);
  const fd = fs.openSync(file, "w");
  fs.writeSync(fd, "half ");
  fs.writeSync(fd, "whole");
  fs.closeSync(fd);
  await until(() => seen.length > 0, "the file seen");
  assert.equal(seen.at(-1), "half whole");
});

test("FileWatcher with a watched directory tells of any move into it", async (t) => {
  const folder = temporaryFolder(t);
  // As Kubernetes mounts a ConfigMap: a.yaml -> ..data/a.yaml, ..data -> a directory with a time stamp.
  const version = (name: string, content: string): void => {
    fs.mkdirSync(path.join(folder, name));
    fs.writeFileSync(path.join(folder, name, "a.yaml"), content);
    fs.symlinkSync(name, path.join(folder, "..data_tmp"));
    fs.renameSync(path.join(folder, "..data_tmp"), path.join(folder, "..data"));
  };
  version("..1", "1");
  fs.symlinkSync(path.join("..data", "a.yaml"), path.join(folder, "a.yaml"));
  const { seen } = watch(t, true, folder);
  version("..2", "2");
  await until(() => seen.at(-1) === "2", "the second version seen");
});

test("FileWatcher goes on when the directory is replaced", async (t) => {
  const outer = temporaryFolder(t);
  const folder = path.join(outer, "config");
  fs.mkdirSync(folder);
  const { file, seen } = watch(t, false, folder);
  fs.mkdirSync(path.join(outer, "next"));
  fs.writeFileSync(path.join(outer, "next", "a.yaml"), "next");
  fs.renameSync(folder, path.join(outer, "old"));
  fs.renameSync(path.join(outer, "next"), folder);
  await until(() => seen.at(-1) === "next", "the file of the new directory seen");
  move(file, "moved");
  await until(() => seen.at(-1) === "moved", "a move in the new directory seen");
});

test("FileWatcher looks at the file where it cannot be watched", async (t) => {
  t.mock.method(fs, "watch", () => {
    throw new Error("no more watches");
  });
  const { file, seen, failures } = watch(t);
  move(file, "moved");
  await until(() => seen.at(-1) === "moved", "the move seen");
  assert.deepEqual(failures, ["no more watches"]);
});

test("FileWatcher survives an error of the watch", async (t) => {
  const real = fs.watch;
  const watchers: fs.FSWatcher[] = [];
  t.mock.method(fs, "watch", (...args: Parameters<typeof real>) => {
    const watcher = real(...args);
    watchers.push(watcher);
    return watcher;
  });
  const { file, seen, failures } = watch(t);
  watchers[0]!.emit("error", new Error("the watch broke"));
  move(file, "moved");
  await until(() => seen.at(-1) === "moved", "the move seen");
  assert.deepEqual(failures, ["the watch broke"]);
});
