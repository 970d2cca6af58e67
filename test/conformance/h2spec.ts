// Runs h2spec 2.2.1 (go install github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible) against Sluice:
//   node -C sluice-source test/conformance/h2spec.ts [h2spec]
import { spawnSync } from "node:child_process";
import { AnsweringFilters } from "../support/answering-filter.ts";
import { HcmServer } from "../support/hcm-server.ts";
import { Worker, isMainThread, parentPort } from "node:worker_threads";

/** Cases that may fail, with the reason. */
const allowed = new Map<string, string>();

if (isMainThread) {
  // h2spec is waited for, so the server has a thread of its own.
  const worker = new Worker(new URL(import.meta.url), { execArgv: process.execArgv });
  const port = await new Promise<number>((resolve) => worker.once("message", resolve));
  const command = process.argv[2] ?? "h2spec";
  const args = ["-h", "127.0.0.1", "-p", String(port), "-o", "5"];
  const run = spawnSync(command, args, { encoding: "utf8" });
  if (run.error !== undefined) throw run.error;
  const failed = [...run.stdout.matchAll(/^\s*× (\d+: .*)$/gm)].map((match) => match[1]!);
  const unexplained = [...new Set(failed)].filter((each) => !allowed.has(each));
  for (const each of unexplained) console.log(`failed: ${each}`);
  console.log(run.stdout.trim().split("\n").at(-1));
  await worker.terminate();
  process.exit(unexplained.length > 0 || run.stdout === "" ? 1 : 0);
}

const server = await HcmServer.start({
  filters: [{ name: "answer", instances: new AnsweringFilters() }],
  config: { codecType: "HTTP2", delayedCloseTimeoutMs: 100 },
});
parentPort!.postMessage(server.port);
