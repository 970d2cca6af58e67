import { readFileSync } from "node:fs";
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { epochWords } from "./epoch.ts";
import { ControlWord, type WatchdogMessage, type WatchdogThreadData } from "./watchdog-messages.ts";
import { WatchedThread } from "./watchdog-state.ts";

/** Pause while nothing runs long. A call that was seen twice is looked at more often. */
const idleTickMs = 4;
const busyTickMs = 1;

const { control } = workerData as WatchdogThreadData;
const threads = new Map<number, WatchedThread>();
let seenMessages = 0;

function cpuTime(threadId: number): number | undefined {
  try {
    // "<nanoseconds on the CPU> <nanoseconds waiting> <slices>"
    const text = readFileSync(`/proc/self/task/${threadId}/schedstat`, "latin1");
    return Number(text.slice(0, text.indexOf(" "))) / 1e6;
  } catch {
    return undefined;
  }
}

function receive(): void {
  const sent = Atomics.load(control, ControlWord.Messages);
  for (; seenMessages < sent; seenMessages += 1) {
    const message = receiveMessageOnPort(parentPort!)?.message as WatchdogMessage | undefined;
    if (message === undefined) return;
    if (message.kind === "unwatch") threads.delete(message.id);
    else threads.set(message.id, new WatchedThread(epochWords(message.memory), cpuTime));
  }
}

while (Atomics.load(control, ControlWord.Stop) === 0) {
  receive();
  const now = performance.now();
  let busy = false;
  for (const thread of threads.values()) if (thread.tick(now)) busy = true;
  Atomics.wait(control, ControlWord.Stop, 0, busy ? busyTickMs : idleTickMs);
}
parentPort!.close();
