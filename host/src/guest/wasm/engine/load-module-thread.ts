import { parentPort, workerData } from "node:worker_threads";
import type { LoadRequest } from "./load-module-aside.ts";
import { loadModule } from "./load-module.ts";

// A thread for one module: it ends when it has answered.

const { code, limits } = workerData as LoadRequest;
parentPort!.postMessage(await loadModule(code, limits));
