import { rmSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import type { WorkerInit } from "../../../host/src/snapshot/messages.ts";
import { createWorkerRuntime as createDataPlane } from "../../../host/src/worker/runtime.ts";
import type { WorkerRuntime } from "../../../host/src/worker/worker-runtime.ts";

/** Ways for a worker to fail. */
export type Failure = "throw" | "reject" | "exit" | "hang";

/** The socket through which a test makes a worker fail. */
export function failureSocket(folder: string, workerIndex: number): string {
  return path.join(folder, `worker_${workerIndex}.sock`);
}

/** The real data plane, in a worker that fails on request. */
export function createWorkerRuntime(init: WorkerInit): WorkerRuntime {
  const socket = failureSocket(process.env["SLUICE_TEST_FOLDER"]!, init.workerIndex);
  rmSync(socket, { force: true });
  net
    .createServer((peer) => peer.on("data", (text) => fail(String(text) as Failure)))
    .listen(socket);
  return createDataPlane(init);
}

function fail(how: Failure): void {
  switch (how) {
    case "throw":
      throw new Error("thrown by a test");
    case "reject":
      void Promise.reject(new Error("rejected by a test"));
      return;
    case "exit":
      process.exit(3);
    // oxlint-disable-next-line no-fallthrough -- the line above does not return
    case "hang":
      for (;;);
  }
}
