import os from "node:os";
import { parentPort } from "node:worker_threads";
import { loadModule } from "./load-module.ts";
import type { LoadAnswer, LoadRequest } from "./load-module-aside.ts";

// The thread that loads large modules. Threads that serve traffic go first: on Linux, 0 is the calling thread; elsewhere
// it would be the whole process.
if (process.platform === "linux") os.setPriority(0, os.constants.priority.PRIORITY_LOW);

parentPort!.on("message", ({ id, code, limits }: LoadRequest) => {
  void loadModule(code, limits).then((result) =>
    parentPort!.postMessage({ id, result } satisfies LoadAnswer),
  );
});
