import { parentPort, workerData } from "node:worker_threads";
import { moduleUrl } from "../common/module-url.ts";
import { settleAfterMs, settleAfterStart } from "../common/settle.ts";
import { claimEpochMemory } from "../guest/limits/epoch.ts";
import type { FromWorker, ToWorker, WorkerThreadData } from "../snapshot/messages.ts";
import type { CreateWorkerRuntime } from "./worker-runtime.ts";
import { WorkerShell } from "./worker-shell.ts";

/** A worker thread's entry. What is thrown here or later and not caught ends the thread; it is replaced then. */

const heartbeatMs = 250;

const port = parentPort;
if (port === null) throw new Error("this module runs in a worker thread");
const data: WorkerThreadData = workerData;

// Beats before anything large is loaded, so that loading counts as work, too.
const heartbeat = new Int32Array(data.heartbeat);
setInterval(() => Atomics.add(heartbeat, 0, 1), heartbeatMs);

const loading = loadRuntime();
// The one who waits for it reports it.
loading.catch(() => {});
const send = (message: FromWorker): void => port.postMessage(message);
const shell = new WorkerShell(async (init) => {
  claimEpochMemory(init.guestEpoch);
  return (await loading)(init);
}, send);
setTimeout(() => settleAfterStart(shell.busy), settleAfterMs);
port.on("message", (message: ToWorker) => void shell.onMessage(message));

async function loadRuntime(): Promise<CreateWorkerRuntime> {
  const url = data.runtimeUrl ?? moduleUrl("./runtime", import.meta.url).href;
  const module: { readonly createWorkerRuntime: CreateWorkerRuntime } = await import(url);
  return module.createWorkerRuntime;
}
