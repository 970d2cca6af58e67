import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";

const host = new URL("../../host/src/", import.meta.url).href;

// A process that logs on its standard streams, as a worker does.
const script = `
  import { Worker, isMainThread, workerData } from "node:worker_threads";
  const { AccessLogFiles } = await import(${JSON.stringify(`${host}access-log/access-log-files.ts`)});
  const { ThreadStats } = await import(${JSON.stringify(`${host}stats/thread-stats.ts`)});
  const files = new AccessLogFiles(new ThreadStats(() => {}), { warning() {} });
  const out = files.open(1);
  const err = files.open(2);
  for (let i = 0; i < 2000; i += 1) out.append("out " + i + " " + "x".repeat(100) + "\\n");
  err.append("err\\n");
  await files.drain();
`;

test("AccessLogFiles writes whole lines to stdout and stderr that are pipes", async () => {
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  const [code] = (await once(child, "close")) as [number];
  assert.equal(code, 0, err);
  const lines = out.trimEnd().split("\n");
  assert.equal(lines.length, 2000);
  assert.ok(lines.every((line, i) => line === `out ${i} ${"x".repeat(100)}`));
  assert.equal(err, "err\n");
});
