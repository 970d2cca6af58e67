import { Worker } from "node:worker_threads";
import { moduleUrl } from "../../common/module-url.ts";
import { EpochWord, epochWords } from "./epoch.ts";
import { ControlWord, type WatchdogMessage, type WatchdogThreadData } from "./watchdog-messages.ts";

/**
 * The thread that stops guests which run too long, one per process, started by the main thread before anything
 * runs a guest. It wakes every 4 ms, and every millisecond while a call takes long.
 */
export interface Watchdog {
  /**
   * Begins to watch the thread that has claimed `memory`. Call it before that thread runs guests; a thread that
   * replaces another has a memory of its own. The result ends it.
   */
  watch(memory: WebAssembly.Memory): WatchedMemory;
  /** Ends the thread. Guests are not stopped from then on. */
  stop(): Promise<void>;
}

/** One watched thread. */
export interface WatchedMemory {
  /** Calls of this thread that were condemned so far. */
  readonly condemned: number;
  unwatch(): void;
}

/**
 * Starts the watchdog. `onFailure` is called should its thread die: guests can then run for ever, so the process
 * must be replaced.
 */
export function startWatchdog(onFailure: (error: Error) => void): Watchdog {
  const control = new Int32Array(new SharedArrayBuffer(8));
  const workerData: WatchdogThreadData = { control };
  const worker = new Worker(moduleUrl("./watchdog-thread", import.meta.url), {
    name: "watchdog",
    workerData,
    resourceLimits: { maxYoungGenerationSizeMb: 2 },
  });
  const stopped = new Promise<void>((resolve) => {
    worker.once("exit", (code) => {
      if (Atomics.load(control, ControlWord.Stop) === 0) {
        onFailure(new Error(`the watchdog thread ended with code ${code}`));
      }
      resolve();
    });
  });
  worker.on("error", onFailure);
  worker.unref();
  let nextId = 0;

  const send = (message: WatchdogMessage): void => {
    worker.postMessage(message);
    Atomics.add(control, ControlWord.Messages, 1);
  };
  return {
    watch(memory) {
      const id = nextId;
      nextId += 1;
      const words = epochWords(memory);
      send({ kind: "watch", id, memory });
      return {
        get condemned() {
          return Atomics.load(words, EpochWord.Condemned);
        },
        unwatch: () => send({ kind: "unwatch", id }),
      };
    },
    stop() {
      Atomics.store(control, ControlWord.Stop, 1);
      Atomics.notify(control, ControlWord.Stop);
      return stopped;
    },
  };
}
