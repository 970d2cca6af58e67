import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { currentThreadId } from "../../../host/src/common/thread-id.ts";

const module = new URL("../../../host/src/common/thread-id.ts", import.meta.url).href;
const source = `
const { parentPort } = require("node:worker_threads");
import("${module}").then(({ currentThreadId }) => parentPort.postMessage(currentThreadId()));
setInterval(() => {}, 1e6);`;

test("currentThreadId() is the kernel's id, different for each thread", async (t) => {
  const worker = new Worker(source, { eval: true });
  t.after(() => worker.terminate());
  const id = await new Promise<number>((resolve, reject) => {
    worker.once("message", resolve).once("error", reject);
  });
  assert.equal(currentThreadId(), process.pid, "the first thread has the process's");
  assert.notEqual(id, process.pid);
  assert.ok(existsSync(`/proc/self/task/${id}`));
});
